"""A connection's life with boto3, one line of JSON for each call: connection-calls.py PACKAGES ENDPOINT REGION KEY SECRET LOCAL REMOTE OWNER"""

import json
import sys
import time

packages, endpoint, region, key, secret, local, remote, owner = sys.argv[1:]
sys.path.insert(0, packages)

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

config = Config(retries={"max_attempts": 0})


def client_with(given):
    return boto3.client(
        "opensearch",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=given,
        config=config,
    )


client = client_with(secret)


def domain(name):
    return {"AWSDomainInformation": {"DomainName": name, "OwnerId": owner, "Region": region}}


def create(alias, remote_name=remote):
    return client.create_outbound_connection(
        ConnectionAlias=alias,
        ConnectionMode="VPC_ENDPOINT",
        LocalDomainInfo=domain(local),
        RemoteDomainInfo=domain(remote_name),
    )


def status(connection):
    found = client.describe_outbound_connections(Filters=[{"Name": "connection-id", "Values": [connection]}])
    return found["Connections"][0]["ConnectionStatus"]["StatusCode"]


def until(connection, wanted):
    for _ in range(200):
        if status(connection) == wanted:
            return wanted
        time.sleep(0.05)
    return status(connection)


def tell(what, call):
    try:
        outcome = call()
        outcome = {name: value for name, value in outcome.items() if name != "ResponseMetadata"}
    except ClientError as error:
        outcome = {
            "type": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
        }
    print(json.dumps([what, outcome], sort_keys=True, default=str), flush=True)
    return outcome


first = tell("create", lambda: create("first"))["ConnectionId"]
tell("the same alias again", lambda: create("first"))
unknown = tell("an unknown domain", lambda: create("second", "no-such-domain"))["ConnectionId"]
tell("an unknown domain fails", lambda: {"is": until(unknown, "VALIDATION_FAILED")})
tell("it waits for acceptance", lambda: {"is": until(first, "PENDING_ACCEPTANCE")})
tell("inbound", lambda: {"count": len(client.describe_inbound_connections()["Connections"])})
tell("accept", lambda: client.accept_inbound_connection(ConnectionId=first))
tell("it is active", lambda: {"is": until(first, "ACTIVE")})
tell("describe", lambda: client.describe_outbound_connections(Filters=[{"Name": "connection-id", "Values": [first]}]))
tell("accept again", lambda: client.accept_inbound_connection(ConnectionId=first))
tell("an unknown connection", lambda: client.accept_inbound_connection(ConnectionId="no-such-connection"))
tell("pages", lambda: client.describe_outbound_connections(MaxResults=1))
tell("delete", lambda: client.delete_outbound_connection(ConnectionId=first))
tell("a wrong secret", lambda: client_with("wrong").describe_outbound_connections())
