"""Writes digits.csv.gz from scikit-learn's load_digits: 64 pixels 0..16 and the label per line."""

import gzip
from pathlib import Path

from sklearn.datasets import load_digits

digits = load_digits()
rows = zip(digits.data.astype(int).tolist(), digits.target.tolist())
text = "".join(",".join(map(str, [*pixels, label])) + "\n" for pixels, label in rows)

target = Path(__file__).with_name("digits.csv.gz")
# Neither name nor time in the header: the same data gives the same bytes.
with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
    file.write(text.encode())
