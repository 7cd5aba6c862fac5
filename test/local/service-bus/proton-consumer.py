"""Receives messages with Apache Qpid Proton, a client that knows nothing of Service Bus.

usage: proton-consumer.py PORT QUEUE [--count N] [--timeout SECONDS] [--peek]

Prints one JSON line a message: id, content_type, subject, properties, body (base64). Ends when N were received, or when none
came for SECONDS. Messages are accepted; with --peek they are released, at the end, so that each comes once.
"""

import argparse
import base64
import json
import sys

from proton import Timeout
from proton.utils import BlockingConnection


def text_or_none(value):
    # Proton shows an absent symbol as the text "None".
    return None if value is None or str(value) == "None" else str(value)


def body_bytes(body):
    if isinstance(body, str):
        return body.encode("utf-8")
    return bytes(body)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("queue")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--peek", action="store_true")
    options = parser.parse_args()

    connection = BlockingConnection(f"amqp://localhost:{options.port}", timeout=10, allowed_mechs="ANONYMOUS")
    receiver = connection.create_receiver(options.queue, credit=options.count)
    received = 0
    while received < options.count:
        try:
            message = receiver.receive(timeout=options.timeout)
        except Timeout:
            break
        received += 1
        line = {
            "id": message.id,
            "content_type": text_or_none(message.content_type),
            "subject": message.subject,
            "properties": message.properties,
            "body": base64.b64encode(body_bytes(message.body)).decode("ascii"),
        }
        print(json.dumps(line, default=str), flush=True)
        if not options.peek:
            receiver.accept()
    if options.peek:
        for _ in range(received):
            receiver.release(delivered=False)
    connection.close()
    return 0 if received > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
