// The errors of whole migrations (`indexferry migrate`).
import { defineErrors } from './error-definition.ts'

export const journeyErrors = defineErrors({
  MIGRATION_CHANGED: {
    meaning:
      'The plan, or the address of a side, now leads to other clusters, repositories or indexes than when this migration began.',
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
  MIGRATION_KEPT: {
    meaning: 'The migration was taken back as far as that was possible; the message names what is left.',
    remedy: 'Mend what the message names and run the same command again with --abort: it goes on with what is left.',
    retry: 'later',
    exit: 'side',
  },
  MIGRATION_GROWS: {
    meaning:
      'The source made new indexes again and again after writes were blocked, so that no snapshot could be the last one.',
    remedy: 'Stop what makes new indexes there (rollovers, policies, jobs) and run the same command again.',
    retry: 'later',
    exit: 'source',
  },
  MIGRATION_CYCLES_SPENT: {
    meaning: 'As many cycles are done as the plan allows.',
    remedy: 'Make the next one the last with --cut-over, or raise cycles.most in the plan.',
    retry: 'never',
    exit: 'usage',
  },
  MIGRATION_DATA_STREAM: {
    meaning:
      'The plan names a data stream. Its write index cannot be closed, so that no later snapshot could be restored over it.',
    remedy:
      'Leave it out of the plan (indices: "*,-NAME") and carry it with indexferry copy, or restore it once with indexferry snapshot restore.',
    retry: 'never',
    exit: 'source',
  },
  MIGRATION_STEP: {
    meaning: 'The migration is not in a state that allows what was asked for.',
    remedy: '`indexferry status MIGRATION` shows where it is and what comes next.',
    retry: 'never',
    exit: 'state',
  },
  MIGRATION_NOT_READY: {
    meaning: 'A condition for the switch of traffic is not met; the message names it. Nothing was changed.',
    remedy:
      'Mend what the message names and ask again; `indexferry cut-over MIGRATION --dry-run` shows all conditions. --force switches without them.',
    retry: 'later',
    exit: 'different',
  },
  MIGRATION_TIMEOUT: {
    meaning: 'The switch took longer than its time limit. Writes go on where they were, and following goes on.',
    remedy:
      'See where the time went (`indexferry status MIGRATION`), and ask again, with a larger --timeout if need be.',
    retry: 'later',
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
