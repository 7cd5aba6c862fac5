"""A ticket a sighting, one a wave, members as its comments. usage: TOKEN=... consumer.py HOST[:PORT] QUEUE FILE-OF-IDS"""
import json, os, sys
from pathlib import Path
from proton import Message
from proton.reactor import ReceiverOption
from proton.utils import BlockingConnection

if len(sys.argv) != 4:
    sys.exit(__doc__)
host, queue, file = sys.argv[1:]
told = set(Path(file).read_text().split()) if Path(file).exists() else set()

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
        if not event["type"].startswith(("firstsight.sighting.", "firstsight.wave")):  # a doctor's test, a type of tomorrow
            receiver.accept()
            continue
        data = event["data"]
        told_as = {"ticket": data.get("wave", event)["id"], "type": event["type"], "tool": data["detection"]["tool"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        receiver.reject()  # to the dead letters
        continue
    if message.id not in told:
        # Your ticket system here; `ticket` is its external key, so that a crash before the next line opens none twice.
        print(json.dumps(told_as), flush=True)
        with open(file, "a") as kept:
            print(message.id, file=kept, flush=True)
            os.fsync(kept.fileno())
        told.add(message.id)
    receiver.accept()
