"""What a user of libcloud does with volumes; prints one JSON object of what it saw."""

import json
import os
import sys
from urllib.parse import urlparse

from libcloud.compute.base import NodeSize
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider

seen = {}
url = urlparse(sys.argv[1])
driver = get_driver(Provider.EC2)(
    os.environ["AWS_ACCESS_KEY_ID"],
    os.environ["AWS_SECRET_ACCESS_KEY"],
    region="eu-central-1",
    host=url.hostname,
    port=url.port,
    secure=False,
)
# It knows Amazon's regions only; requests are signed for this one.
driver.region_name = sys.argv[2]


def again(volume):
    return next(each for each in driver.list_volumes() if each.id == volume.id)


image = driver.list_images(ex_owner="amazon")[0]
size = NodeSize("t3.nano", "t3.nano", 512, 8, None, None, driver)
node = driver.create_node(name="libcloud", image=image, size=size)
driver.wait_until_running([node], wait_period=0.01, ssh_interface="private_ips")

volume = driver.create_volume(1, "data")
volume = again(volume)
seen["volume"] = [volume.name, volume.size, volume.state, volume.extra["zone"]]
driver.attach_volume(node, volume, "/dev/sdf")
attached = again(volume)
seen["attached"] = [attached.state, attached.extra["instance_id"] == node.id, attached.extra["device"]]

driver.create_volume_snapshot(volume, "before")
snapshot = driver.list_volume_snapshots(volume)[0]
seen["snapshot"] = [snapshot.name, snapshot.size, snapshot.state]
copy = driver.create_volume(1, "copy", snapshot=snapshot)
seen["copy"] = [copy.size, copy.extra["snapshot_id"] == snapshot.id]
driver.destroy_volume_snapshot(snapshot)
seen["snapshots left"] = driver.list_volume_snapshots(volume)

driver.detach_volume(volume)
seen["detached"] = again(volume).state
seen["deleted"] = [driver.destroy_volume(each) for each in (volume, copy)]
driver.destroy_node(node)
json.dump(seen, sys.stdout)
