/** The API group of the contract. */
export const API_GROUP = 'machineconfiguration.openshift.io';
/** The one version that is served (contract §1.0). */
export const API_VERSION = 'machineconfiguration.openshift.io/v1';
