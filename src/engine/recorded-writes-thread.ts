// The thread of the log of writes: all that touches its file is done here.
import { workerData } from 'node:worker_threads'
import { RecordedWritesKeeper } from './recorded-writes-keeper.ts'
import { answerCalls } from './thread-calls.ts'

const { folder, names } = workerData as { folder: string; names: readonly string[] }
answerCalls(() => new RecordedWritesKeeper(folder, names))
