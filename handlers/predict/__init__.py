"""The function behind `POST /predict`. Its handler is `handlers.predict.app.handler`.

It imports only the standard library and what AWS Lambda's Python runtimes have on board: urllib3, and botocore with
SnapStart.
"""
