import os
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from ray.cluster_utils import Cluster

t = time.time()
c = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.1"})
print(c.address, time.time() - t, flush=True)
ray.init(address=c.address, log_to_driver=False, logging_level="ERROR", _node_ip_address="127.0.0.1")
print(ray.nodes()[0]["Alive"], time.time() - t, flush=True)
n = c.add_node(num_cpus=1, node_ip_address="127.0.0.1")
print(time.time() - t, flush=True)
ray.shutdown()
c.shutdown()
