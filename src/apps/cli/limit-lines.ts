// What holds a copy back, and what may: for `status`.
import type { CopyRecord } from '../../engine/catalog-records.ts'
import { formatBytes, formatCount } from './format.ts'

export function limitLines({ control, limitedBy }: Pick<CopyRecord, 'control' | 'limitedBy'>): string[] {
  const percent = (part: number) => `${Math.round(part * 100)} %`
  const limits = [
    control.documentsPerSecond && `${formatCount(control.documentsPerSecond)} documents/s`,
    control.bytesPerSecond && `${formatBytes(control.bytesPerSecond)}/s`,
    control.sourceLoadMax && `source load ${percent(control.sourceLoadMax)}`,
    control.heapMax && `heap ${percent(control.heapMax)}`,
    control.writeQueueMax && `write queue of the target ${formatCount(control.writeQueueMax)}`,
    control.throttleCheck && `the check ${control.throttleCheck}`,
  ].filter(Boolean)
  return [
    ...(limits.length > 0 ? [`  limits: ${limits.join(', ')}`] : []),
    ...(limitedBy === undefined ? [] : [`  limited by ${limitedBy}`]),
  ]
}
