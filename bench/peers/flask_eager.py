"""Plain Flask, as https://docs.pytorch.org/tutorials/intermediate/flask_rest_api_tutorial.html shows."""

import os

from flask import Flask, Response, jsonify, request

from bench.peers.eager import Classifier

app = Flask(__name__)
classify = Classifier()


@app.post("/predict")
def predict() -> Response:
    """The image is the body."""
    return jsonify(classify(request.get_data()))


app.run(port=int(os.environ["PORT"]))
