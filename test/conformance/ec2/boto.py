"""What a boto3 user does in a day, in one process; prints one JSON object of what it saw."""

import base64
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError

seen = {}
options = {"endpoint_url": sys.argv[1], "region_name": sys.argv[2]}
client = boto3.client("ec2", **options)
resource = boto3.resource("ec2", **options)


def code(call):
    try:
        call()
        return "no error"
    except ClientError as error:
        return error.response["Error"]["Code"]


def quick(name):
    """A built-in waiter, without its pauses."""
    waiter = client.get_waiter(name)
    waiter.config.delay = 0
    return waiter


image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
public_key = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGC60tTkFpGLpNmPeghaoLWLHHI8TWwlOK2XkwZ6G0FI ann"
client.import_key_pair(KeyName="boto", PublicKeyMaterial=public_key)
seen["made key"] = client.create_key_pair(KeyName="boto2")["KeyMaterial"].startswith("-----BEGIN")
seen["duplicate key"] = code(lambda: client.import_key_pair(KeyName="boto", PublicKeyMaterial=public_key))
seen["missing key"] = code(lambda: client.describe_key_pairs(KeyNames=["nobody"]))
seen["bad key"] = code(lambda: client.import_key_pair(KeyName="bad", PublicKeyMaterial=b"rubbish"))

instances = resource.create_instances(
    ImageId=image,
    InstanceType="t3.nano",
    MinCount=6,
    MaxCount=6,
    KeyName="boto",
    UserData="#!/bin/sh\ntrue\n",
    TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "boto"}]}],
)
ids = [instance.id for instance in instances]
seen["launched"] = [instance.state["Name"] for instance in instances]
quick("instance_exists").wait(InstanceIds=ids)
quick("instance_running").wait(InstanceIds=ids)
quick("instance_status_ok").wait(InstanceIds=ids)
quick("system_status_ok").wait(InstanceIds=ids)
first = instances[0]
first.reload()
seen["running"] = [first.state["Name"], first.key_name, first.tags, first.image_id == image, first.launch_time is not None]
seen["address"] = first.private_ip_address.startswith("10.64.") and first.network_interfaces_attribute[0]["PrivateIpAddress"] == first.private_ip_address
seen["network"] = [client.describe_vpcs(VpcIds=[first.vpc_id])["Vpcs"][0]["IsDefault"], client.describe_subnets(SubnetIds=[first.subnet_id])["Subnets"][0]["DefaultForAz"]]
seen["groups"] = [group["GroupName"] for group in client.describe_security_groups(GroupIds=[first.security_groups[0]["GroupId"]])["SecurityGroups"]]

web = resource.create_security_group(GroupName="boto", Description="by boto")
web.authorize_ingress(IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "http"}]}])
web.reload()
seen["a group with a rule"] = [web.ip_permissions[0]["ToPort"], web.ip_permissions[0]["IpRanges"], len(web.ip_permissions_egress)]
rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [web.id]}])["SecurityGroupRules"]
web.revoke_ingress(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in rules if not rule["IsEgress"]])
first.modify_attribute(Groups=[web.id])
first.reload()
seen["groups changed"] = [group["GroupName"] for group in first.security_groups]
seen["a group in use"] = code(lambda: web.delete())
first.modify_attribute(Groups=[group["GroupId"] for group in client.describe_security_groups(GroupNames=["default"])["SecurityGroups"]])
web.delete()

pages = list(client.get_paginator("describe_instances").paginate(Filters=[{"Name": "tag:Name", "Values": ["bo*"]}], PaginationConfig={"PageSize": 5}))
seen["pages"] = [sum(len(reservation["Instances"]) for reservation in page["Reservations"]) for page in pages]
seen["none"] = client.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["stopped"]}])["Reservations"]

token = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, "ClientToken": "boto once"}
again = [client.run_instances(**token)["Instances"][0]["InstanceId"] for _ in range(2)]
seen["same token"] = again[0] == again[1]
seen["token of another request"] = code(lambda: client.run_instances(**{**token, "InstanceType": "t3.micro"}))

seen["stopping"] = first.stop()["StoppingInstances"][0]["CurrentState"]["Name"]
quick("instance_stopped").wait(InstanceIds=[first.id])
seen["reboot of a stopped one"] = code(lambda: client.reboot_instances(InstanceIds=[first.id]))
first.start()
quick("instance_running").wait(InstanceIds=[first.id])
first.reboot()
seen["console"] = client.get_console_output(InstanceId=first.id)["Output"]
seen["attribute"] = client.describe_instance_attribute(InstanceId=first.id, Attribute="instanceInitiatedShutdownBehavior")["InstanceInitiatedShutdownBehavior"]

first.create_tags(Tags=[{"Key": "stage", "Value": ""}, {"Key": "Name", "Value": "b&b"}])
seen["tags"] = sorted([tag["Key"], tag["Value"]] for tag in client.describe_tags(Filters=[{"Name": "resource-id", "Values": [first.id]}])["Tags"])
client.delete_tags(Resources=[first.id], Tags=[{"Key": "stage"}])
seen["tags left"] = [tag["Key"] for tag in client.describe_tags(Filters=[{"Name": "resource-id", "Values": [first.id]}])["Tags"]]

types = [t["InstanceType"] for page in client.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 5}) for t in page["InstanceTypes"]]
seen["types"] = ["t3.micro" in types, len(types) == len(set(types))]
seen["zones"] = [zone["ZoneName"] for zone in client.describe_availability_zones()["AvailabilityZones"]]
seen["regions"] = [region["RegionName"] for region in client.describe_regions()["Regions"]]

disk = resource.create_volume(AvailabilityZone="test-1a", Size=1, VolumeType="gp3", TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}])
quick("volume_available").wait(VolumeIds=[disk.id])
seen["attaching"] = disk.attach_to_instance(InstanceId=first.id, Device="/dev/sdf")["State"]
quick("volume_in_use").wait(VolumeIds=[disk.id])
disk.reload()
seen["attached"] = [disk.state, disk.tags, [[a["InstanceId"] == first.id, a["Device"], a["State"]] for a in disk.attachments]]
first.reload()
seen["mapping"] = [m["DeviceName"] for m in first.block_device_mappings]
seen["attached twice"] = code(lambda: disk.attach_to_instance(InstanceId=first.id, Device="/dev/sdg"))
seen["in use"] = code(lambda: disk.delete())
seen["growing"] = client.modify_volume(VolumeId=disk.id, Size=2)["VolumeModification"]["ModificationState"]
modification = client.describe_volumes_modifications(VolumeIds=[disk.id])["VolumesModifications"][0]
seen["grown"] = [modification[key] for key in ("ModificationState", "OriginalSize", "TargetSize", "Progress")]
seen["healthy"] = client.describe_volume_status(VolumeIds=[disk.id])["VolumeStatuses"][0]["VolumeStatus"]["Status"]
snapshot = disk.create_snapshot(Description="before")
quick("snapshot_completed").wait(SnapshotIds=[snapshot.id])
snapshot.reload()
seen["snapshot"] = [snapshot.state, snapshot.progress, snapshot.description, snapshot.volume_size, snapshot.volume_id == disk.id]
copy = client.create_volume(AvailabilityZone="test-1a", SnapshotId=snapshot.id)
seen["copy"] = [copy["Size"], copy["SnapshotId"] == snapshot.id]
quick("volume_available").wait(VolumeIds=[copy["VolumeId"]])
seen["moment"] = len(client.create_snapshots(InstanceSpecification={"InstanceId": first.id})["Snapshots"])
volumes = [[v["VolumeId"] for v in page["Volumes"]] for page in client.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5})]
seen["volume pages"] = [max(map(len, volumes)), sorted(sum(volumes, [])) == sorted(v["VolumeId"] for v in client.describe_volumes()["Volumes"])]
seen["detaching"] = disk.detach_from_instance(InstanceId=first.id)["State"]
quick("volume_available").wait(VolumeIds=[disk.id])
snapshot.delete()
for volume in (disk.id, copy["VolumeId"]):
    client.delete_volume(VolumeId=volume)
    quick("volume_deleted").wait(VolumeIds=[volume])
seen["missing volume"] = code(lambda: client.describe_volumes(VolumeIds=[disk.id]))
seen["missing snapshot"] = code(lambda: client.describe_snapshots(SnapshotIds=[snapshot.id]))

nobody = "i-" + "0" * 17
seen["missing"] = code(lambda: client.describe_instances(InstanceIds=[nobody]))
seen["malformed"] = code(lambda: client.describe_instances(InstanceIds=["i-xyz"]))
seen["all or none"] = code(lambda: client.terminate_instances(InstanceIds=[first.id, nobody]))
seen["missing image"] = code(lambda: client.run_instances(**{**token, "ClientToken": "boto 2", "ImageId": "ami-" + "0" * 17}))
seen["missing key at launch"] = code(lambda: client.run_instances(**{**token, "ClientToken": "boto 3", "KeyName": "nobody"}))
seen["no such type"] = code(lambda: client.run_instances(**{**token, "ClientToken": "boto 4", "InstanceType": "z9.huge"}))
seen["a group"] = code(lambda: client.run_instances(**{**token, "ClientToken": "boto 5", "SecurityGroupIds": ["sg-" + "0" * 17]}))
seen["a volume"] = code(lambda: client.run_instances(**{**token, "ClientToken": "boto 6", "BlockDeviceMappings": [{"DeviceName": "/dev/vdb", "Ebs": {"VolumeSize": 1}}]}))
seen["dry run"] = code(lambda: client.terminate_instances(InstanceIds=[first.id], DryRun=True))
seen["unknown action"] = code(lambda: client.describe_nat_gateways())
seen["wrong secret"] = code(lambda: boto3.client("ec2", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x", **options).describe_instances())
seen["wrong region"] = code(lambda: boto3.client("ec2", endpoint_url=sys.argv[1], region_name="elsewhere-1").describe_instances())
sts = boto3.client("sts", **options)
seen["account"] = sts.get_caller_identity()["Account"] == client.describe_instances(InstanceIds=ids)["Reservations"][0]["OwnerId"]
seen["wrong secret of sts"] = code(lambda: boto3.client("sts", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x", **options).get_caller_identity())

seen["terminating"] = sorted({change["CurrentState"]["Name"] for change in client.terminate_instances(InstanceIds=ids + again[:1])["TerminatingInstances"]})
quick("instance_terminated").wait(InstanceIds=ids)
client.delete_key_pair(KeyName="boto")
client.delete_key_pair(KeyName="boto2")
seen["keys left"] = client.describe_key_pairs()["KeyPairs"]
json.dump(seen, sys.stdout)
