import type { PlacementExplained } from '@sirocco/shared/api/placement.ts'
import type { PlacementGroup as PlacementGroupJson } from '@sirocco/shared/api/placement-groups.ts'
import type { Rejection } from '@sirocco/shared/model/placement/rejections.ts'
import type { z } from 'zod'
import type { Candidate } from '../../../domain/placement/demand.ts'
import type { PlacementGroup } from '../../../domain/placement/group.ts'
import { time } from './time.ts'

export const placementGroupJson = (group: PlacementGroup): PlacementGroupJson => ({
  id: group.id,
  ec2Id: group.alias,
  name: group.name,
  policy: group.policy,
  strict: group.strict,
  machines: group.machines,
  hosts: group.hosts,
  createdAt: time(group.createdAt),
})

interface Verdict {
  readonly host: Candidate
  readonly rejection: Rejection | null
  readonly fits: number
}

export const verdictJson = ({ host, rejection, fits }: Verdict): z.output<typeof PlacementExplained>['items'][number] => ({
  host: host.id,
  name: host.name,
  rejection,
  free: { ...host.free },
  fits,
  members: host.members,
})
