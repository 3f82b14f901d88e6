from exporter.web.api.backend import ContainerView, Registration
from exporter.web.api.timestamps import rfc3339


def container_json(container: ContainerView) -> dict[str, object]:
    return {
        "account": container.account,
        "container_id": container.container_id,
        "status": container.state.status,
        "error_message": container.state.error_message,
        "outcome": container.outcome,
        "registered_at": rfc3339(container.registered_at),
        "asked_at": rfc3339(container.asked_at),
        "ended_at": rfc3339(container.ended_at),
    }


def registration_json(registration: Registration) -> dict[str, object]:
    return {**container_json(registration.container), "created": registration.is_new}
