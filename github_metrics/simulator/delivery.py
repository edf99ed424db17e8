"""One HTTP request as GitHub would send it."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

import msgspec

ORGANISATION_ID = 74_205_118
HOOK_ID = 487_310_226


class Delivery(msgspec.Struct, frozen=True):
    """`occurred_at` is the second of the event in the story; `body` is compact JSON, byte for byte what is signed."""

    delivery_id: UUID
    event_type: str
    hook_id: int
    occurred_at: datetime
    body: bytes

    def headers(self, secret: str | None) -> dict[str, str]:
        """The headers of an organisation's hook; signed only where the hook has a secret."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/7c1f0e2",
            "X-GitHub-Delivery": str(self.delivery_id),
            "X-GitHub-Event": self.event_type,
            "X-GitHub-Hook-ID": str(self.hook_id),
            "X-GitHub-Hook-Installation-Target-ID": str(ORGANISATION_ID),
            "X-GitHub-Hook-Installation-Target-Type": "organization",
        }
        if secret is not None:
            signature = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={signature}"
        return headers
