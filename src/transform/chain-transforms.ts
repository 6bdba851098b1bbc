import type { DocumentBatch } from '../model/document-batch.ts'
import type { DocumentTransform } from './document-transform.ts'

/** Several transforms as one, applied in this order. Those that change nothing cost nothing. */
export function chainTransforms(transforms: readonly DocumentTransform[]): DocumentTransform {
  const active = transforms.filter((transform) => transform.changes !== 'none')
  if (active.length === 1) return active[0] as DocumentTransform
  return {
    changes: active.length === 0 ? 'none' : 'bytes',
    apply: (batch) => applyAll(active, batch, 0),
  }
}

/** Stays synchronous as long as the transforms do: a promise for each batch and transform would be for nothing. */
function applyAll(
  transforms: readonly DocumentTransform[],
  batch: DocumentBatch,
  first: number,
): DocumentBatch | Promise<DocumentBatch> {
  let current = batch
  for (let i = first; i < transforms.length; i++) {
    const next = (transforms[i] as DocumentTransform).apply(current)
    if (next instanceof Promise) return next.then((resolved) => applyAll(transforms, resolved, i + 1))
    current = next
  }
  return current
}
