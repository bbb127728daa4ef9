import { deletePlacementGroup } from '../../../services/placement-groups/delete.ts'
import { action } from '../action.ts'
import { text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

/** DeletePlacementGroup: refused while machines are in it. */
export const DeletePlacementGroup = action(
  { right: 'placement-groups.delete', noun: 'placement-group', parameters: { GroupName: text } },
  async (request, { GroupName }) => {
    const { deleted } = await request.call(deletePlacementGroup, { placementGroup: GroupName })
    if (!deleted) throw new Refusal('InvalidPlacementGroup.Unknown', `The placement group '${GroupName.slice(0, 64)}' is unknown`)
    return { return: true }
  },
)
