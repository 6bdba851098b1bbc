// Properties of the same examples in every run: what holds today holds tomorrow, and what fails can be run again. INDEXFERRY_TEST_SEED
// gives others.
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.INDEXFERRY_TEST_SEED ?? 20_261_122) })

export { fc }
