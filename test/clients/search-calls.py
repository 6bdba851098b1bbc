"""What people do with opensearch-py and elasticsearch-py, one line of JSON for each call: search-calls.py PACKAGES LIBRARY URL PREFIX REMOTE"""

import json
import sys
import time

packages, library, url, prefix, remote = sys.argv[1:]
sys.path.insert(0, packages)

if library == "opensearchpy":
    from opensearchpy import OpenSearch as Client
    from opensearchpy import helpers
else:
    from elasticsearch import Elasticsearch as Client
    from elasticsearch import helpers

source = prefix + "-from"
client = Client(url, timeout=60, max_retries=0, retry_on_timeout=False, http_compress=True)


def remote_body(dest):
    return {
        "source": {"remote": {"host": remote}, "index": source, "size": 100},
        "dest": {"index": prefix + "-" + dest},
    }


def bulk():
    actions = ({"_index": source, "_id": str(n), "_source": {"n": n, "text": "document %d" % n}} for n in range(250))
    return helpers.bulk(client, actions, chunk_size=40, refresh=True)


def parallel_bulk():
    actions = ({"_op_type": "create", "_index": source, "_id": str(n), "_source": {"n": n}} for n in range(200, 400))
    results = helpers.parallel_bulk(client, actions, thread_count=4, chunk_size=20, raise_on_error=False)
    return sorted(([next(iter(item.values()))["_id"], ok] for ok, item in results))


def scroll():
    first = client.search(index=source, body={"sort": ["_doc"], "size": 200}, scroll="1m")
    following = client.scroll(body={"scroll_id": first["_scroll_id"], "scroll": "1m"})
    cleared = client.clear_scroll(body={"scroll_id": [first["_scroll_id"]]})
    return [len(first["hits"]["hits"]), len(following["hits"]["hits"]), cleared]


def reindex_task():
    task = client.reindex(body=remote_body("task"), wait_for_completion=False)["task"]
    ended = client.tasks.get(task_id=task, params={"wait_for_completion": "true", "timeout": "20s"})
    return [ended["completed"], ended["response"], ended["task"]["action"]]


def slow_task():
    body = remote_body("slow")
    task = client.reindex(body=body, wait_for_completion=False, params={"requests_per_second": "0.001"})["task"]
    while client.tasks.get(task_id=task)["task"]["status"]["batches"] != 1:
        time.sleep(0.02)
    listed = client.tasks.list(params={"actions": "*reindex", "detailed": "true"})
    is_listed = any(task in node["tasks"] for node in listed["nodes"].values())
    client.reindex_rethrottle(task_id=task, params={"requests_per_second": "0.002"})
    rate = client.tasks.get(task_id=task)["task"]["status"]["requests_per_second"]
    cancelled = client.tasks.cancel(task_id=task)
    ended = client.tasks.get(task_id=task, params={"wait_for_completion": "true", "timeout": "20s"})
    return [is_listed, rate, "node_failures" in cancelled, ended["completed"], ended["response"]["canceled"]]


def helper_reindex():
    return helpers.reindex(client, source, prefix + "-helped", chunk_size=70)


calls = {
    "info": client.info,
    "ping": client.ping,
    "create an index": lambda: client.indices.create(
        index=source,
        body={"settings": {"number_of_replicas": 0}, "mappings": {"properties": {"n": {"type": "long"}}}},
    ),
    "create it again": lambda: client.indices.create(index=source, body={}),
    "index a document": lambda: client.index(index=source, id="é/ ü", body={"text": "ß"}, refresh=True),
    "get it": lambda: client.get(index=source, id="é/ ü"),
    "exists": lambda: client.exists(index=source, id="none"),
    "the bulk helper": bulk,
    "the parallel bulk helper": parallel_bulk,
    "refresh": lambda: client.indices.refresh(index=source),
    "search": lambda: client.search(index=source, body={"query": {"range": {"n": {"lt": 9}}}, "sort": ["n"]}),
    "scroll": scroll,
    "the scan helper": lambda: sorted(hit["_id"] for hit in helpers.scan(client, index=source, size=70)),
    "msearch": lambda: client.msearch(body=[{"index": source}, {"size": 0}, {"index": prefix + "-no"}, {"size": 0}]),
    "count": lambda: client.count(index=source),
    "cat as text": lambda: client.cat.indices(index=source, params={"h": "index,docs.count", "v": "true"}),
    "cat as JSON": lambda: client.cat.count(index=source, format="json"),
    "reindex here": lambda: client.reindex(
        body={"source": {"index": source}, "dest": {"index": prefix + "-here"}}, refresh=True
    ),
    "the reindex helper": helper_reindex,
    "reindex from a remote": lambda: client.reindex(body=remote_body("remote"), refresh=True),
    "count what came": lambda: client.count(index=prefix + "-remote"),
    "reindex from a remote as a task": reindex_task,
    "a slow task, throttled and cancelled": slow_task,
    "a missing index": lambda: client.search(index=prefix + "-missing"),
    "a missing document": lambda: client.get(index=source, id="none"),
    "a conflict": lambda: client.create(index=source, id="1", body={}),
    "a broken query": lambda: client.search(index=source, body={"query": {"x": 1}}),
    "a missing task": lambda: client.tasks.get(task_id="abcdefghijklmnopqrstuv:1"),
    "a host that is not allowed": lambda: client.reindex(
        body={"source": {"remote": {"host": "http://badremote:9200"}, "index": "a"}, "dest": {"index": "b"}}
    ),
    "no reindex": lambda: client.reindex(body={"sauce": 1}),
}


def tell(what, call):
    try:
        outcome = {"answer": call()}
    except Exception as error:
        outcome = {
            "type": type(error).__name__,
            "text": str(error),
            "status": error.args[0] if len(error.args) > 2 else None,
            "info": error.args[2] if len(error.args) > 2 else None,
        }
    print(json.dumps([what, outcome], sort_keys=True, default=str), flush=True)


for what, call in calls.items():
    tell(what, call)
