"""Copies an index with opensearch-py: opensearch-py-copy.py PACKAGES SOURCE TARGET INDEX PAGE"""

import json
import os
import resource
import sys

packages, source_url, target_url, index, page = sys.argv[1:]
sys.path.insert(0, packages)

from opensearchpy import OpenSearch  # noqa: E402
from opensearchpy.helpers import parallel_bulk, scan  # noqa: E402

source = OpenSearch(source_url, timeout=300)
target = OpenSearch(target_url, timeout=300, pool_maxsize=4)


def actions():
    for hit in scan(source, index=index, size=int(page)):
        action = {"_index": index, "_id": hit["_id"], "_source": hit["_source"]}
        if "_routing" in hit:
            action["routing"] = hit["_routing"]
        yield action


for _ in parallel_bulk(target, actions(), thread_count=4, chunk_size=int(page), max_chunk_bytes=10_000_000):
    pass

used = resource.getrusage(resource.RUSAGE_SELF)
with open(os.environ["BENCH_USAGE_FILE"], "w") as file:
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    json.dump({"cpuSeconds": used.ru_utime + used.ru_stime, "peakBytes": used.ru_maxrss * unit}, file)
