// The errors of whole migrations (`indexferry migrate`).
import { defineErrors } from './error-definition.ts'

export const journeyErrors = defineErrors({
  MIGRATION_CHANGED: {
    meaning: 'The plan now names other clusters, repositories or indexes than when this migration began.',
    remedy: 'Put the plan back, give the new one another name, or take the migration back first: --abort.',
    retry: 'never',
    exit: 'usage',
  },
  MIGRATION_RUNNING: {
    meaning: 'Another process is at the same migration.',
    remedy: 'Wait for it or stop it; `indexferry status` shows where it is.',
    retry: 'later',
    exit: 'state',
  },
  MIGRATION_UNKNOWN: {
    meaning: 'No migration of this name was begun with this state folder.',
    remedy: '`indexferry status` lists those that were; check --state.',
    retry: 'never',
    exit: 'state',
  },
  MIGRATION_ENDED: {
    meaning: 'The migration is at its end, and there is nothing to be taken back or done again.',
    remedy: 'Begin anew with --restart, or give the plan another name.',
    retry: 'never',
    exit: 'state',
  },
  MIGRATION_UNVERIFIED: {
    meaning: 'The target does not hold what the source does, or is not healthy. Traffic was not switched.',
    remedy:
      'Mend what the message names and run the same command again, which verifies again; --abort lets the source be written to.',
    retry: 'never',
    exit: 'different',
  },
  HOOK_FAILED: {
    meaning:
      'A command or HTTP call of the plan failed or took longer than its time limit. The migration stopped there.',
    remedy:
      'Mend it and run the same command again: the hook is called again, what was done before it is not repeated.',
    retry: 'later',
    exit: 'usage',
  },
})
