import { VolumeRefs } from '../inputs.ts'
import { read } from '../verb.ts'

/** In the order asked; `not_found` names the first that is not to be seen here. */
export const findVolumes = read('volumes.list', {
  input: VolumeRefs,
  run: ({ store, scope }, { volumes }) => store.volumes.find(scope, volumes),
})
