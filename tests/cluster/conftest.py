"""A cluster on this machine that stays: TensorFlow starts once in each worker."""

import pytest

from twinhead.runs import cluster, identity

# As many as this process has, so that both have to give the same bits.
THREADS = identity.threads()


@pytest.fixture(scope="session")
def workers():
    pytest.importorskip("distributed")
    with cluster._environment({identity.THREADS: str(THREADS)}), cluster._local(2) as started:
        yield started


@pytest.fixture
def words(workers, tmp_path, monkeypatch):
    """Return what has a run trained by these workers, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    where = f"cluster.scheduler={workers.scheduler_address}"
    return ["progress=false", "cluster=dask", where, f"cluster.threads={THREADS}"]
