"""One ticket for each sighting and each wave; members become comments. usage: TOKEN=... consumer.py HOST[:PORT] QUEUE FILE-OF-IDS"""
import json, os, sys
from pathlib import Path
from proton import Message
from proton.reactor import ReceiverOption
from proton.utils import BlockingConnection

if len(sys.argv) != 4:
    sys.exit(__doc__)
host, queue, file = sys.argv[1:]
handled = set(Path(file).read_text().split()) if Path(file).exists() else set()

class AnswersTo(ReceiverOption):
    def apply(self, receiver):
        receiver.target.address = "answers"

def authorise(connection, token):
    answers = connection.create_receiver("$cbs", name="answers", options=AnswersTo())
    about = {"operation": "put-token", "type": "jwt", "name": f"amqp://{host}/{queue}"}
    connection.create_sender("$cbs").send(Message(id="1", reply_to="answers", properties=about, body=token))
    if (status := answers.receive().properties["status-code"]) not in (200, 202):
        sys.exit(f"not authorised: {status}")

scheme = "amqp" if host.startswith("localhost:") else "amqps"
connection = BlockingConnection(f"{scheme}://{host}", timeout=30, heartbeat=60, allowed_mechs="ANONYMOUS")
authorise(connection, os.environ["TOKEN"])
receiver = connection.create_receiver(queue, credit=1)
while True:
    message = receiver.receive(timeout=None)
    try:
        event = json.loads(bytes(message.body))
        if not event["type"].startswith(("firstsight.sighting.", "firstsight.wave")):  # a test message, a later type
            receiver.accept()
            continue
        data = event["data"]
        ticket = {"ticket": data.get("wave", event)["id"], "type": event["type"], "tool": data["detection"]["tool"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        receiver.reject()  # it becomes a dead letter
        continue
    if message.id not in handled:
        # Call your ticket system here. `ticket` is its external key: a crash before the next line then opens no second ticket.
        print(json.dumps(ticket), flush=True)
        with open(file, "a") as ids:
            print(message.id, file=ids, flush=True)
            os.fsync(ids.fileno())
        handled.add(message.id)
    receiver.accept()
