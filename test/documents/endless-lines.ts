// Writes lines to standard output until nobody reads them any more, then prints the error.
import { asIndexferryError } from '../../src/foundation/errors.ts'
import { openNdjsonTarget } from '../../src/target/ndjson-target.ts'
import { batchOf } from './batch-of.ts'

const { signal } = new AbortController()
await using target = await openNdjsonTarget({ file: '-' })
try {
  for (;;) await target.writeBatch(batchOf([{ id: '1', source: `{"filler":"${'x'.repeat(100_000)}"}` }]), signal)
} catch (error) {
  const { code, message } = asIndexferryError(error)
  console.error(`${code} ${message}`)
}
