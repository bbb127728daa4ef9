/** Of the data that this code reads and writes: as many as there are migrations, which are no part of the Worker. A test holds it to them. */
export const versionOfData = 3
