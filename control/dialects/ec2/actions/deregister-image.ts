import { deleteImage } from '../../../services/images/delete.ts'
import { action } from '../action.ts'
import { imageId } from '../parameters.ts'

const parameters = { ImageId: imageId }

/** DeregisterImage: machines on it run on. */
export const DeregisterImage = action({ right: 'images.delete', noun: 'image', parameters }, async (request, { ImageId }) => {
  await request.call(deleteImage, { image: ImageId })
  return { return: true }
})
