import { IndexferryError } from '../../foundation/errors.ts'

/** A remote that may not be read; answered with 400 and `sentence`, which is the servers' own where they have one. */
export const refusal = (sentence: string, remedy: string): IndexferryError =>
  new IndexferryError('REMOTE_NOT_ALLOWED', sentence, { side: 'source', remedy })
