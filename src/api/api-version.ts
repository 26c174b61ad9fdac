/** The API group of the contract. */
export const API_GROUP = 'machineconfiguration.openshift.io';
/** The one version that is served (contract §1.0). */
export const API_VERSION = 'machineconfiguration.openshift.io/v1';
/** Where the contract's own objects are, and the secrets of registries (architecture §5). */
export const OPERATOR_NAMESPACE = 'openshift-machine-config-operator';
/** The API group of the MachineConfiguration kind (contract §1.12). */
export const OPERATOR_API_GROUP = 'operator.openshift.io';
export const OPERATOR_API_VERSION = 'operator.openshift.io/v1';
