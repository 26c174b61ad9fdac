// Fields that the package kubernetes-types 1.30 lacks, in its own form: their names have dashes.
export interface JSONSchemaProps {
    /** Marks that this object is an embedded Kubernetes resource: apiVersion, kind and metadata are checked as such. */
    'x-kubernetes-embedded-resource'?: boolean;
    /** Marks that this value is either a whole number or a string. */
    'x-kubernetes-int-or-string'?: boolean;
    /** The members that together tell the items of a list of the type map apart. */
    'x-kubernetes-list-map-keys'?: Array<string>;
    /** How a list is merged: atomic (replaced whole), set (each item once), or map (items told apart by keys). */
    'x-kubernetes-list-type'?: string;
    /** How an object is merged: granular (member by member) or atomic (replaced whole). */
    'x-kubernetes-map-type'?: string;
    /** Keeps fields that the schema does not name, where they would be pruned otherwise. */
    'x-kubernetes-preserve-unknown-fields'?: boolean;
    /** Validation rules in the CEL expression language. */
    'x-kubernetes-validations'?: Array<ValidationRule>;
}
