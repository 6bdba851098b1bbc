import type { Side } from '../foundation/errors.ts'
import type { ObjectLocation } from '../model/object-location.ts'
import type { ObjectStore } from './object-store.ts'
import { connectBucket } from './s3-client.ts'
import { S3Store } from './s3-store.ts'
import type { Environment, StoreSettings, WriteSettings } from './store-settings.ts'

export interface StoreOpening {
  readonly location: ObjectLocation
  readonly side: Side
  readonly settings: StoreSettings
  readonly writing: WriteSettings
  readonly env: Environment
}

/** Opens nothing yet: the first request tells whether address and credentials are good. */
export async function openStore({ location, side, settings, writing, env }: StoreOpening): Promise<ObjectStore> {
  if (location.kind === 'folder') {
    // Between buckets it would be loaded for nothing.
    const { FolderStore } = await import('./folder-store.ts')
    return new FolderStore(location.path, side)
  }
  const access = connectBucket(location, side, settings, env)
  return new S3Store(access, location, side, settings, writing)
}
