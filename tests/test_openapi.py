"""What the OpenAPI document promises, held against the running service with requests made up from it."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import positive_data_acceptance

from github_metrics.app import create_app
from github_metrics.settings import load_settings
from tests.golden import deliveries
from tests.service import Service, clone, running

KEY = "a key of the tests"
EXAMPLES = 10
"""Of each endpoint, so that the whole takes about a minute."""
SCHEMA = schemathesis.openapi.from_dict(create_app(load_settings({}), "").api.openapi())
OPERATIONS = {
    operation.label: operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
    if operation.label not in ("POST /metrics", "GET /api/metrics/stream")
}
"""The receiver has tests/test_hostile_inputs.py; a stream has no end."""
NOT_SAID = [positive_data_acceptance]
"""That a text is no time, or no zone, is beyond a schema: 400 names the parameter."""


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_API_KEYS=KEY) as service:
        service.client.headers["X-API-Key"] = KEY
        for delivery_id, kind, body in deliveries():
            last = service.post(kind, body, delivery_id=delivery_id)
        service.get("/api/metrics/webhooks", min_position=last.headers["X-Log-Position"])
        yield service


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_is_promised(api: Service, label: str) -> None:
    """Parameters that the document allows, and such as it does not: never a 500, always a documented answer."""

    @given(case=OPERATIONS[label].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        # A position that is never reached is waited for, and then 503: as it is documented.
        case.query = {name: value for name, value in (case.query or {}).items() if name != "min_position"}
        answer = case.call(base_url=api.url, headers={"X-API-Key": KEY}, timeout=30)
        case.validate_response(answer, excluded_checks=NOT_SAID)

    ask()
