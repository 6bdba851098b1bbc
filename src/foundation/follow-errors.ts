// Errors about following an index: what ends it until somebody decides how to go on.
import { defineErrors } from './error-definition.ts'

const startAnew =
  'Look at both sides (`indexferry verify`), delete the target index, and start the same command again with --restart.'

export const followErrors = defineErrors({
  FOLLOWING_UNSUPPORTED: {
    meaning: 'This source or this target cannot be followed.',
    remedy: 'Copy it instead (`indexferry copy`), and repeat the copy when needed.',
    retry: 'never',
    exit: 'side',
  },
  SOURCE_FILTERED: {
    meaning:
      'The source hides documents or fields of the index from the credentials that are used, so that what is followed would not be the index.',
    remedy: 'Use credentials that may read all documents and fields, or copy what they see with `indexferry copy`.',
    retry: 'never',
    exit: 'source',
  },
  SOURCE_MADE_ANEW: {
    meaning:
      'The index that is followed is not the same any more: it was made anew, restored from a snapshot, or lost operations that it had acknowledged. Nothing was written since.',
    remedy: startAnew,
    retry: 'never',
    exit: 'side',
  },
  DEFINITION_NOT_CARRIED: {
    meaning:
      'The mapping of a followed index changed on the source, and the target does not take the change. Documents wait, for the target would map their fields by guessing.',
    remedy:
      'Change the target index so that it takes the mapping (a limit, a privilege); it then goes on by itself. Where a field has another type there, delete the target index and start the same command again with --restart, with --map for the field if need be.',
    retry: 'later',
    exit: 'target',
  },
  WRITTEN_IDS_LOST: {
    meaning: 'The file in the state folder that says which documents were written is gone, so deletes cannot be found.',
    remedy: startAnew,
    retry: 'never',
    exit: 'state',
  },
})
