// Imported before the tests of the merge gate: property tests draw the same values each time, so that no merge hangs on chance.
// `npm run test:unit` draws others each time, and says the seed of what it finds.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['VARVE_TEST_SEED'] ?? '20261121') });
