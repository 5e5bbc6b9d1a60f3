#!/usr/bin/python3
"""Reads a message as a mail program would and prints it as JSON."""
import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
print(
    json.dumps(
        {
            "headers": {name: str(value) for name, value in message.items()},
            "parts": {part.get_content_type(): part.get_content() for part in message.iter_parts()},
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
        }
    )
)
