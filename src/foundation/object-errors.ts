// Errors about objects in stores and the snapshot repositories that they make up.
import { defineErrors } from './error-definition.ts'

export const objectErrors = defineErrors({
  BUCKET_MISSING: {
    meaning: 'The bucket is not there, or not in this region.',
    remedy: 'Check the name of the bucket, the endpoint and the region; indexferry makes no buckets.',
    retry: 'never',
    exit: 'side',
  },
  STORE_BUSY: {
    meaning: 'The object store answered 503 (SlowDown), 429 or another passing error until the retries were used up.',
    remedy: 'Lower --transfers or --rate, or wait; the same command goes on where it stopped.',
    retry: 'later',
    exit: 'side',
  },
  OBJECT_MISSING: {
    meaning: 'An object that was listed is not there any more.',
    remedy: 'Look who deletes objects at the same time; the same command goes on where it stopped.',
    retry: 'never',
    exit: 'side',
  },
  OBJECT_CHANGED: {
    meaning: 'An object was written again and again while it was copied.',
    remedy: 'Look who writes it; the same command goes on where it stopped.',
    retry: 'never',
    exit: 'side',
  },
  OBJECT_BROKEN: {
    meaning: 'What a store holds is not what was sent or what its checksum says, again and again.',
    remedy: 'Look for a proxy that changes content and for broken disks; the same command goes on where it stopped.',
    retry: 'later',
    exit: 'side',
  },
  REPOSITORY_CHANGING: {
    meaning: 'A snapshot repository changed each time it was moved, so that no whole state of it could be moved.',
    remedy: 'Move it between two snapshots, or give more --rounds; what was moved is not moved again.',
    retry: 'later',
    exit: 'source',
  },
  TARGET_REPOSITORY_NEWER: {
    meaning:
      'The target holds a snapshot repository whose index-N is higher than that of the source, and which clusters would read instead.',
    remedy: 'Move into an empty base path, or replace what is there with --delete-extra.',
    retry: 'never',
    exit: 'target',
  },
})
