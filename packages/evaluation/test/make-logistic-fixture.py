"""Writes fixtures/logistic.json: scikit-learn's logistic regression on small data, for logistic-probe.test.ts.

python3 packages/evaluation/test/make-logistic-fixture.py
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(7)
count, dim, classes = 90, 5, 4
labels = random.integers(0, classes, count)
centres = random.normal(0, 1.2, (classes, dim))
features = (centres[labels] + random.normal(0, 1, (count, dim))) * [1, 3, 0.2, 10, 1] + [0, 5, 0, -20, 1]
features = features.astype(np.float32)
weights = random.uniform(0.2, 2, count).round(3)
scaled = (features - features.mean(0, dtype=np.float64)) / features.std(0, dtype=np.float64)

cases = []
for penalty in [0.3, 0.01, 0.0003]:
    # scikit-learn minimises C * (sum of weighted losses) + |w|^2 / 2.
    model = LogisticRegression(C=1 / (penalty * weights.sum()), solver="lbfgs", tol=1e-10, max_iter=10_000)
    model.fit(scaled, labels, sample_weight=weights)
    cases.append({
        "penalty": penalty,
        "probabilities": model.predict_proba(scaled).round(9).ravel().tolist(),
        # By column [dim, classes], of the scaled features.
        "weight": model.coef_.T.round(9).ravel().tolist(),
    })

path = pathlib.Path(__file__).parent / "fixtures" / "logistic.json"
path.write_text(json.dumps({
    "source": f"scikit-learn {sklearn.__version__}, make-logistic-fixture.py",
    "dim": dim,
    "classes": classes,
    "features": [float(f"{value:.9g}") for value in features.ravel()],
    "deviation": features.std(0, dtype=np.float64).tolist(),
    "labels": labels.tolist(),
    "weights": weights.tolist(),
    "cases": cases,
}) + "\n")
