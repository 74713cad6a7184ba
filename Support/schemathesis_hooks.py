"""What schemathesis cannot write by itself: bodies that are bytes, for routes that take nothing else."""

import schemathesis


@schemathesis.serializer("application/x-protobuf")
def protobuf(context, value):
    """Whatever was generated, as it is: most of it is no message at all."""
    raw = getattr(value, "data", value)
    return raw if isinstance(raw, bytes) else str(raw).encode()
