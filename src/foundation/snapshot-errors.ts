// The errors of snapshot repositories, of snapshots and of restoring them.
import { defineErrors } from './error-definition.ts'

export const snapshotErrors = defineErrors({
  REPOSITORY_MISSING: {
    meaning: 'The cluster has no snapshot repository of this name.',
    remedy:
      'Register it: indexferry snapshot register CLUSTER REPOSITORY; a GET of _snapshot lists those that are there.',
    retry: 'never',
    exit: 'side',
  },
  REPOSITORY_DIFFERS: {
    meaning: 'A snapshot repository of this name is registered already, with other settings.',
    remedy: 'Choose another name, or replace its settings with --replace.',
    retry: 'never',
    exit: 'usage',
  },
  REPOSITORY_UNUSABLE: {
    meaning: 'A snapshot repository cannot be registered, or not every node of the cluster can use it.',
    remedy: 'Mend what the message names and run the same command again.',
    retry: 'never',
    exit: 'side',
  },
  REPOSITORY_MISMATCH: {
    meaning: 'The snapshot repository of the cluster leads to another place than the one that was given.',
    remedy: 'Register it with the bucket and base path to which the snapshots were moved.',
    retry: 'never',
    exit: 'usage',
  },
  SNAPSHOT_MISSING: {
    meaning: 'The repository has no snapshot of this name.',
    remedy: '`indexferry snapshot list` shows those that are there; a repository that was moved must be moved whole.',
    retry: 'never',
    exit: 'side',
  },
  SNAPSHOT_EXISTS: {
    meaning: 'The repository has a snapshot of this name already, and it holds something else than was asked for.',
    remedy: 'Choose another name, or delete it with `indexferry snapshot delete`.',
    retry: 'never',
    exit: 'usage',
  },
  SNAPSHOT_BUSY: {
    meaning: 'The cluster is taking, deleting or restoring another snapshot and does nothing more beside it.',
    remedy: 'Wait for it (`indexferry snapshot status` shows it) and run the same command again.',
    retry: 'later',
    exit: 'side',
  },
  SNAPSHOT_UNFINISHED: {
    meaning: 'The snapshot is still being taken and cannot be restored yet.',
    remedy: 'Wait for it: indexferry snapshot status CLUSTER REPOSITORY SNAPSHOT.',
    retry: 'later',
    exit: 'usage',
  },
  SNAPSHOT_PARTIAL: {
    meaning: 'The snapshot lacks shards: it ended as PARTIAL.',
    remedy: 'Take another one when all shards are there, or restore what it has with --partial.',
    retry: 'never',
    exit: 'rejected',
  },
  SNAPSHOT_FAILED: {
    meaning: 'The snapshot failed and holds nothing that could be restored.',
    remedy: 'Delete it, mend the cause that the message names, and take it again.',
    retry: 'never',
    exit: 'side',
  },
  RESTORE_TARGET_OLDER: {
    meaning: 'The snapshot was taken by a newer version than that of the target.',
    remedy: 'Restore into the same or a newer version, or copy from the live source: indexferry copy SOURCE TARGET.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_TOO_FAR: {
    meaning: 'The target is more than one major version ahead of the snapshot.',
    remedy:
      'Copy from the live source, which knows no such limit: indexferry copy SOURCE TARGET; or restore into a version in between and reindex there.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_OTHER_PRODUCT: {
    meaning: 'The target does not read snapshots of the product and version that took this one.',
    remedy: 'Copy from the live source, which knows no such limit: indexferry copy SOURCE TARGET.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_INDEX_TOO_OLD: {
    meaning: 'An index in the snapshot was created in a version that the target no longer reads.',
    remedy:
      'Copy these indexes from the live source, indexferry copy SOURCE TARGET, and leave them out of the restore with --exclude.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_NO_SPACE: {
    meaning: 'The indexes of the snapshot do not fit onto the disks of the target.',
    remedy:
      'Free disk space or add nodes, or restore fewer indexes or fewer replicas (--index-setting number_of_replicas=0).',
    retry: 'later',
    exit: 'target',
  },
  RESTORE_LACKS_PLUGIN: {
    meaning: 'An index in the snapshot needs a field type or a part of analysis that the target does not have.',
    remedy:
      'Install the plugin on every node of the target, or copy from the live source with a changed definition: indexferry copy SOURCE TARGET.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_INDEX_OPEN: {
    meaning: 'The target has an open index of the same name.',
    remedy:
      'Restore over it with --over-existing (it is closed meanwhile), or beside it with --rename-pattern and --rename-replacement.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_REFUSED: {
    meaning: 'The target refuses to restore the snapshot for a reason that no other code covers.',
    remedy: 'Read the reason that the cluster gave.',
    retry: 'never',
    exit: 'target',
  },
  RESTORE_FAILED: {
    meaning: 'Shards could not be restored, or did not come to their end.',
    remedy: 'Mend what the message names and run the same command again with --over-existing.',
    retry: 'later',
    exit: 'target',
  },
})
