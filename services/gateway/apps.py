from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "services.gateway"
    label = "gateway"

    def ready(self) -> None:
        """Tell the registry which protocols can be spoken; refuse to start with a key for proofs that is none."""
        from services.gateway import ledgers, proof, rooms
        from services.gateway.connectors.registry import connectors
        from services.registry import protocols

        rooms.register()
        proof.keyring()
        for connector in connectors.values():
            protocols.register(
                protocols.Protocol(
                    key=connector.key,
                    label=connector.label,
                    schemes=connector.schemes,
                    settings_schema=ledgers.settings_schema(connector.settings_schema),
                    check_request=connector.check_request_to,
                    check_backend=connector.check_backend,
                )
            )
