"""From folders of images to a features file: found, decoded, written. No Keras in here."""
