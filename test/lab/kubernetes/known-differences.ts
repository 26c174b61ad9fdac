/** Exchanges of the recording that are answered otherwise here, and why. The test fails when one of them agrees after all. */
export const knownDifferences: Readonly<Record<string, string>> = {};
