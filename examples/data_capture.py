"""A bucket for what an endpoint is asked and answers, kept when the stack is destroyed."""

import pulumi

from components.data_capture import DataCapture

records = DataCapture("records", {"keep_data": True})
pulumi.export("records", records.url)
