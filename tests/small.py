"""What makes an experiment quick: the same words for all tests, so that its run is made once.

Not in conftest.py: a folder's own conftest.py takes that name from whoever imports it later.
"""

from pathlib import Path

PROJECT = Path(__file__).parents[1]

ROWS = "data=surrogate data.rows=400 data.features=12"
SMALL = {
    "equivalence": f"{ROWS} epochs=2 repeats=5 learning_rate=0.1",
    "lr_ratio": f"{ROWS} epochs=2 seeds=[0,1] learning_rate=0.1",
    "train": f"{ROWS} epochs=2",
    "law": "data=breast_cancer steps=100 long_steps=200",  # One data set in place of two.
    "precision": f"{ROWS} rows=300 steps=300 batch_size=16",
    "benchmark": f"{ROWS} arms=[1,4] repeats=1 epochs=1 sparse_gib=[] dense_gib=0",
    "numerics": "draws=50 sizes=geomspace(0.1,1000,9)",
    "gradients": "draws=20",
    "activations": "steps=50 elements=1000 repeats=3",
    "losses": "",
    "tasks": "seeds=[0,1]",
    "extraction": "data.images=drawn data.backbone=mobilenet data.weights=none data.size=32",
}
