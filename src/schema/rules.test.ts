import assert from 'node:assert/strict';
import test from 'node:test';
import { compileRules } from './engine.ts';
import type { FieldError, Json, JsonObject, Schema, ValidationRule } from './index.ts';

const string: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };

function list(items: Schema, type?: 'set' | 'atomic'): Schema {
  return type === undefined
    ? { type: 'array', items }
    : { type: 'array', items, 'x-kubernetes-list-type': type };
}

function keyed(properties: Record<string, Schema>, ...keys: string[]): Schema {
  return {
    type: 'array',
    items: { type: 'object', properties },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
  };
}

function map(values: Schema): Schema {
  return { type: 'object', additionalProperties: values };
}

/** A schema, a value of it, rules that hold, and rules that do not, with a part of the message that says why. */
interface Case {
  readonly properties: Record<string, Schema>;
  readonly self: JsonObject;
  readonly old?: JsonObject;
  readonly hold: readonly string[];
  readonly fail?: Record<string, string>;
}

const CASES: Record<string, Case> = {
  'whole numbers': {
    properties: { a: integer, b: { type: 'integer', format: 'int32' }, zero: integer },
    self: { a: 7, b: 2, zero: 0 },
    hold: [
      'self.a == 7 && self.b != 7',
      'self.a + self.b * 3 - 1 == 12',
      'self.a / self.b == 3 && self.a % self.b == 1',
      '-self.a == -7 && -7 / 2 == -3 && -7 % 2 == -1',
      '-9223372036854775808 < 0',
      'type(self.a) == int && type(self.b) == int',
      'self.a > 6.5 && self.b <= 2u',
      'int("-12") == -12 && int(3.9) == 3 && uint(4) == 4u && string(self.a) == "7"',
      '0x1F == 31',
    ],
    fail: {
      '9223372036854775807 + self.a > 0': 'integer overflow evaluating rule',
      'self.a / self.zero == 1': 'division by zero',
      'self.a % self.zero == 1': 'modulus by zero',
      'self.a == 7.0': "found no matching overload for '_==_' applied to '(int, double)'",
      'self.a + 1': 'cel expression must evaluate to a bool',
      'self.c == 1': "ERROR: <input>:1:5: undefined field 'c'\n | self.c == 1\n | ....^",
      'other == 1': "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')",
      'self.a.size() == 1': "found no matching overload for 'size' applied to 'int.()'",
      'nothing(self.a)': "ERROR: <input>:1:8: undeclared reference to 'nothing' (in container '')",
      'self.a ==': 'Syntax error',
    },
  },
  fractions: {
    properties: { a: { type: 'number' }, whole: { type: 'number', format: 'double' } },
    self: { a: 2.5, whole: 3 },
    hold: [
      'self.a * 2.0 == 5.0 && self.a - 0.5 == 2.0 && self.a / 2.5 == 1.0',
      'type(self.whole) == double && self.whole == 3.0',
      'double(5) == 5.0 && double("1e3") == 1000.0',
      'string(self.a) == "2.5" && string(1e21) == "1e+21"',
      '!(0.0 / 0.0 == 0.0 / 0.0) && !(0.0 / 0.0 < 1.0)',
    ],
  },
  texts: {
    properties: { s: string, name: string },
    self: { s: 'Grüße 👑 ab', name: 'varve' },
    hold: [
      'size(self.s) == 10 && self.s.size() == 10',
      'self.s.startsWith("Grü") && self.s.endsWith("ab") && self.s.contains("👑")',
      'self.s.charAt(6) == "👑" && self.s.indexOf("ab") == 8 && self.s.indexOf("z") == -1',
      'self.s.lastIndexOf("b") == 9 && self.s.indexOf("a", 3) == 8 && self.s.lastIndexOf("r", 4) == 1',
      'self.s.substring(6, 7) == "👑" && self.s.substring(8) == "ab"',
      'self.s.replace("ß", "ss") == "Grüsse 👑 ab" && "aaa".replace("a", "b", 2) == "bba"',
      '"a,b,c".split(",") == ["a", "b", "c"] && "a,b,c".split(",", 2) == ["a", "b,c"] && "a".split(",", 0) == []',
      '["a", "b"].join() == "ab" && ["a", "b"].join("-") == "a-b"',
      '"ÄbC".lowerAscii() == "Äbc" && "äbC".upperAscii() == "äBC" && "  x ".trim() == "x"',
      'self.name.matches("^[a-z]+$") && self.name.matches("arv") && !self.name.matches("^arv")',
      '"1 and 22".find("[0-9]+") == "1" && "1 and 22".findAll("[0-9]+") == ["1", "22"] && "1 2".findAll("[0-9]", 1) == ["1"]',
      '"%s has %d of %.2f, %x, %b".format([self.name, 3, 1.005, 255, 5]) == "varve has 3 of 1.00, ff, 101"',
      '"%s".format([[1, 2]]) == "[1, 2]" && strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
      'self.name == r"varve" && "\\x41\\u00e4\\101" == "AäA" && \'\'\'a\nb\'\'\' == "a\\nb"',
      '"a" < "b" && "a" + "b" == "ab"',
    ],
    fail: {
      'self.name.charAt(9) == ""': 'index out of range: 9',
      'self.name.substring(3, 2) == ""': 'invalid substring range. start: 3, end: 2',
      'self.name.matches("(")': 'invalid matches argument',
      'self.name.find("(") == ""':
        'program instantiation failed: error parsing regexp: missing closing ): `(`',
      'self.name.matches(self.name + "(")': 'error parsing regexp: missing closing ): `varve(`',
      'self.name.matches("^(a+)+$")': 'failed rule: self.name.matches("^(a+)+$")',
      'self.name == null': "found no matching overload for '_==_' applied to '(string, null)'",
    },
  },
  'octets, spans and moments': {
    properties: {
      bytes: { type: 'string', format: 'byte' },
      span: { type: 'string', format: 'duration' },
      day: { type: 'string', format: 'date' },
      time: { type: 'string', format: 'date-time' },
    },
    self: { bytes: 'QUI=', span: '1h2m3s4ms', day: '1997-07-16', time: '2011-08-18T19:03:37.01+01:00' },
    hold: [
      'self.bytes == b"AB" && size(self.bytes) == 2 && string(self.bytes) == "AB" && bytes("AB") == self.bytes',
      'self.span == duration("1h2m3s4ms") && self.span.getMinutes() == 62 && self.span.getMilliseconds() == 3723004',
      'self.span > duration("1h") && string(self.span) == "3723.004s" && type(self.span) == google.protobuf.Duration',
      'string(duration("300h")) == "1080000s" && string(duration("-1ns")) == "-0.000000001s" && string(duration("0")) == "0s"',
      'self.day == timestamp("1997-07-16T00:00:00Z") && self.day.getMonth() == 6 && self.day.getDate() == 16',
      'self.day.getDayOfYear() == 196 && self.day.getDayOfWeek() == 3 && self.day.getDayOfMonth() == 15',
      'self.time.getHours() == 18 && self.time.getHours("01:00") == 19 && self.time.getHours("Europe/Berlin") == 20',
      'self.time.getMilliseconds() == 10 && string(self.time) == "2011-08-18T19:03:37.01+01:00"',
      'self.time - self.day > duration("24h") && self.day + duration("1h") < self.time',
      'int(timestamp("1970-01-01T00:00:10Z")) == 10 && timestamp(10) == timestamp("1970-01-01T00:00:10Z")',
    ],
    fail: {
      'duration("1 hour") > duration("1m")': 'invalid duration argument',
      'timestamp("yesterday") < self.time': 'invalid timestamp argument',
      'self.time.getHours("Nowhere") == 1': 'unknown time zone Nowhere',
    },
  },
  'number or text': {
    properties: {
      text: { 'x-kubernetes-int-or-string': true },
      number: { 'x-kubernetes-int-or-string': true },
    },
    self: { text: '25%', number: 3 },
    hold: [
      'self.text == "25%" && self.text != 25 && self.number == 3 && self.number != "3"',
      'type(self.text) == string && type(self.number) == int',
      'type(self.text) == int ? self.text < 5 : int(self.text.replace("%", "")) == 25',
      'self.text != ["25%"]',
    ],
    fail: {
      'self.text < 5':
        "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.text < 5",
    },
  },
  objects: {
    properties: {
      full: { type: 'object', properties: { a: integer, b: { ...integer, nullable: true } } },
      same: { type: 'object', properties: { a: integer, b: { ...integer, nullable: true } } },
      none: { type: 'object', properties: { a: integer } },
    },
    self: { full: { a: 1, b: null }, same: { a: 1 } },
    hold: [
      'has(self.full) && has(self.full.a) && !has(self.full.b) && !has(self.none)',
      '!has(self.none) || self.none.a == 1',
      'has(self.none) ? self.none.a == 1 : true',
      'self.none.a == 1 || self.full.a == 1',
      '!(self.none.a == 1 && self.full.a == 2)',
    ],
    fail: {
      'self.none.a == 1': 'no such key: none evaluating rule: self.none.a == 1',
      'has(self.none.a)': 'no such key: none',
      'has(self.full.c)': "undefined field 'c'",
      "self.full['a'] == 1": "found no matching overload for '_[_]'",
      'self.full == self.same': "found no matching overload for '_==_'",
      'has(self)': 'invalid',
    },
  },
  'lists and maps': {
    properties: {
      l: list(integer),
      m: map(integer),
      e: list(integer),
      n: map({ ...string, nullable: true }),
    },
    self: { l: [1, 2, 3], m: { 'a b': 1, c: 2 }, e: [], n: { x: null } },
    hold: [
      'self.l.all(x, x > 0) && self.l.exists(x, x == 2) && self.l.exists_one(x, x > 2) && !self.l.exists_one(x, x > 1)',
      'self.l.map(x, x * 2) == [2, 4, 6] && self.l.filter(x, x != 2) == [1, 3] && self.l.map(x, x > 1, x) == [2, 3]',
      'self.l[0] == 1 && 2 in self.l && !(9 in self.l) && self.l + [4] == [1, 2, 3, 4] && size(self.l) == 3',
      'self.m["a b"] == 1 && self.m.c == 2 && "c" in self.m && !("d" in self.m) && has(self.m.c) && !has(self.m.d)',
      'self.m.all(k, self.m[k] > 0) && self.m.map(k, k) == ["a b", "c"] && self.m == {"c": 2, "a b": 1}',
      'self.l.sum() == 6 && self.l.min() == 1 && self.l.max() == 3 && self.l.isSorted() && self.e.sum() == 0',
      'self.l.indexOf(2) == 1 && [1, 1].lastIndexOf(1) == 1 && self.l.indexOf(7) == -1',
      'sets.contains(self.l, [1, 3]) && sets.intersects(self.l, [9, 1]) && sets.equivalent([1, 1, 2, 3], self.l)',
      'type(self.n["x"]) == null_type && self.n.size() == 1',
      'self.l.all(i, x, x == i + 1) && self.m.exists(k, v, k == "c" && v == 2) && self.l.existsOne(i, x, i == 0)',
      'self.l.transformList(i, x, i > 0, x * 10) == [20, 30] && self.m.transformMap(k, v, v + 1) == {"a b": 2, "c": 3}',
      'self.m.transformMapEntry(k, v, {v: k}) == {1: "a b", 2: "c"}',
      'dyn([]).sum() == 0 && dyn([1.5, 2.5]).sum() == 4.0',
      '[[1], [2]].indexOf([2]) == 1 && {"a": [1]} == {"a": [1]}',
      'self.l.first().value() == 1 && self.l.last().value() == 3 && !self.e.first().hasValue()',
    ],
    fail: {
      'self.l[9] == 1': 'index out of bounds: 9',
      'self.m["z"] == 1': 'no such key: z',
      'self.e.min() == 1': 'min called on empty list',
      '["a"].sum() == "a"': "found no matching overload for 'sum' applied to 'list(string).()'",
      '[1, "a"] == [1]': "expected type 'int' but found 'string'",
      'self.l.map(x, x / 0).size() == 1': 'division by zero',
      'self.l.all(x, x / 0 == 1)': 'division by zero',
      'self.l.exists_one(x, x)': "expected type 'bool' but found 'int'",
      '1.all(x, true)': 'cannot be range of a comprehension (must be list, map, or dynamic)',
    },
  },
  'lists that are sets or maps': {
    properties: {
      s: list(string, 'set'),
      t: list(string, 'set'),
      pair: list(keyed({ k: string, v: string }, 'k')),
      odd: list(keyed({ 'k!': string, 'a.b': string }, 'k!', 'a.b')),
    },
    self: {
      s: ['a', 'b'],
      t: ['b', 'a'],
      pair: [
        [
          { k: 'x', v: '1' },
          { k: 'y', v: '2' },
        ],
        [
          { k: 'y', v: '3' },
          { k: 'z', v: '4' },
        ],
      ],
      odd: [
        [
          { 'k!': '1', 'a.b': '2' },
          { 'k!': '3', 'a.b': '4' },
        ],
        [
          { 'k!': '3', 'a.b': '4' },
          { 'k!': '1', 'a.b': '2' },
        ],
        [
          { 'k!': '3', 'a.b': '4' },
          { 'k!': '9', 'a.b': '2' },
        ],
      ],
    },
    hold: [
      'self.s == self.t && self.s == ["b", "a"] && self.s + ["b", "c"] == ["c", "a", "b"]',
      'self.pair[0] == self.pair[0].filter(i, true) && self.pair[0].exists(i, i.k == "y" && i.v == "2")',
      '(self.pair[0] + self.pair[1]).size() == 3 && (self.pair[0] + self.pair[1])[1].v == "3"',
      'self.odd[0] == self.odd[1] && self.odd[0] != self.odd[2] && self.odd[0][0].a__dot__b == "2"',
    ],
  },
  'what the schema does not know': {
    properties: {
      kept: list({
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { a: integer },
      }),
      any: { 'x-kubernetes-preserve-unknown-fields': true },
      anyInside: list({
        type: 'object',
        properties: { any: { 'x-kubernetes-preserve-unknown-fields': true } },
      }),
    },
    self: {
      kept: [
        { a: 1, b: 'x' },
        { a: 1, b: 'x' },
        { a: 1, b: 'y' },
      ],
      any: 1,
      anyInside: [{ any: 1 }, { any: 1 }, { any: 'b' }],
    },
    hold: [
      'self.kept[0] == self.kept[1] && self.kept[0] != self.kept[2] && self.kept[0].a == 1',
      'self.anyInside[0] == self.anyInside[1] && self.anyInside[0] != self.anyInside[2]',
    ],
    fail: {
      'has(self.any)': "undefined field 'any'",
      'self.kept[0].b == "x"': "undefined field 'b'",
    },
  },
  'names that need an escape': {
    properties: {
      in: integer,
      namespace: integer,
      'a-b': integer,
      'a.b': integer,
      'a/b': integer,
      a__b: integer,
      int: integer,
      size: integer,
      self: integer,
      _x: integer,
    },
    self: { in: 1, namespace: 2, 'a-b': 3, 'a.b': 4, 'a/b': 5, a__b: 6, int: 7, size: 8, self: 9, _x: 10 },
    hold: [
      'self.__in__ == 1 && self.__namespace__ == 2 && self.a__dash__b == 3 && self.a__dot__b == 4',
      'self.a__slash__b == 5 && self.a__underscores__b == 6 && self.int == 7 && self.size == 8 && self.self == 9',
      'self._x == 10',
    ],
    fail: { 'self.in == 1': 'Syntax error', 'self.a__b == 6': "undefined field 'a__b'" },
  },
  'embedded resources': {
    properties: { embedded: { type: 'object', 'x-kubernetes-embedded-resource': true } },
    self: { embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n' }, spec: {} } },
    hold: [
      'self.embedded.kind == "Pod" && self.embedded.apiVersion == "v1" && self.embedded.metadata.name == "p"',
    ],
    fail: {
      'has(self.embedded.metadata.namespace)': "undefined field 'namespace'",
      'has(self.embedded.spec)': "undefined field 'spec'",
    },
  },
  'optional values': {
    properties: { a: { type: 'object', properties: { b: string } }, l: list(integer), m: map(string) },
    self: { l: [1], m: { k: 'v' } },
    hold: [
      '!self.?a.hasValue() && self.?a.b.orValue("none") == "none" && self.?l[0].orValue(9) == 1 && self.l[?5].orValue(9) == 9',
      'self.m[?"k"].value() == "v" && self.m[?"z"].or(optional.of("w")).value() == "w"',
      'optional.of(2).optMap(x, x * 2).value() == 4 && !optional.none().hasValue()',
      '!optional.ofNonZeroValue("").hasValue() && optional.of(1).optFlatMap(x, optional.of(x + 1)).value() == 2',
    ],
    fail: { 'optional.none().value() == 1': 'optional.none() dereference' },
  },
  'what Kubernetes adds': {
    properties: { u: string },
    self: { u: 'https://user:pass@kubernetes.io:80/docs/a b?k1=a&k2=b&k2=c#part' },
    hold: [
      'isURL(self.u) && !isURL("../x") && !isURL("https://a:b:c/") && url(self.u).getScheme() == "https"',
      'url(self.u).getHost() == "kubernetes.io:80" && url(self.u).getHostname() == "kubernetes.io" && url(self.u).getPort() == "80"',
      'url(self.u).getEscapedPath() == "/docs/a%20b" && url(self.u).getQuery() == {"k1": ["a"], "k2": ["b", "c"]}',
      'url("https://[::1]:80/").getHostname() == "::1" && url("/p").getHost() == ""',
      'ip("10.0.0.1").family() == 4 && ip("::1").isLoopback() && isIP("fe80::1") && !isIP("10.0.0.256") && !isIP("010.1.1.1")',
      'ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1") && string(ip("2001:DB8::0:1")) == "2001:db8::1"',
      'ip("169.254.1.1").isLinkLocalUnicast() && ip("224.0.0.1").isLinkLocalMulticast() && ip("0.0.0.0").isUnspecified() && ip("8.8.8.8").isGlobalUnicast()',
      'cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsIP(ip("10.1.2.3")) && !cidr("10.0.0.0/8").containsIP("11.0.0.1")',
      'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && cidr("10.1.2.3/8").prefixLength() == 8',
      'cidr("10.1.2.3/8").ip() == ip("10.1.2.3") && isCIDR("::/0") && !isCIDR("10.0.0.0") && string(cidr("10.0.0.0/8")) == "10.0.0.0/8"',
      'quantity("1Ki") == quantity("1024") && quantity("1.5Gi").isGreaterThan(quantity("1G")) && quantity("100m").isLessThan(quantity("1"))',
      'quantity("1k").asInteger() == 1000 && !quantity("100m").isInteger() && quantity("50k").add(quantity("5")).sub(5) == quantity("50k")',
      'quantity("-3").sign() == -1 && quantity("2").compareTo(quantity("2000m")) == 0 && isQuantity("1e3") && !isQuantity("1.2.3") && !isQuantity("ten")',
      'quantity("1.5").asApproximateFloat() == 1.5',
      'semver("1.2.3").major() == 1 && semver("1.2.3-a.1").isLessThan(semver("1.2.3")) && !isSemver("v1.0") && isSemver("v1.0", true)',
      '!format.dns1123Subdomain().validate("a.b-c").hasValue() && format.dns1123Label().validate("A").hasValue()',
      'format.dns1123Label().validate("A").value()[0].startsWith("a lowercase RFC 1123 label must consist of")',
      'format.named("uuid").value().validate("x").value() == ["does not match the UUID format"] && !format.named("nope").hasValue()',
      '!format.dns1035LabelPrefix().validate("abc-").hasValue() && format.qualifiedName().validate("a/b/c").hasValue() && !format.labelValue().validate("").hasValue()',
      'format.uri().validate("x").value() == ["parse \\"x\\": invalid URI for request"]',
    ],
    fail: {
      'quantity("ten").isInteger()': 'quantities must match the regular expression',
      'url("x").getHost() == ""':
        'URL parse error during conversion from string: parse "x": invalid URI for request',
      'ip("x").family() == 4': 'unable to parse IP',
    },
  },
  changes: {
    properties: { v: string, l: list(string) },
    self: { v: 'new', l: ['b'] },
    old: { v: 'old', l: ['a'] },
    hold: ['oldSelf.v == "old" && self.v == "new" && self != oldSelf', 'oldSelf.l.all(x, !(x in self.l))'],
    fail: { 'self == oldSelf': 'failed rule: self == oldSelf' },
  },
};

for (const [name, { properties, self, old, hold, fail = {} }] of Object.entries(CASES)) {
  test(`rules of ${name}`, () => {
    for (const rule of hold) assert.deepEqual(errorsOf(properties, { rule }, self, old), [], rule);
    for (const [rule, message] of Object.entries(fail)) {
      const errors = errorsOf(properties, { rule }, self, old);
      assert.equal(errors.length, 1, rule);
      assert.ok(errors[0]!.message.includes(message), `${rule}: ${errors[0]!.message}`);
    }
  });
}

function errorsOf(
  properties: Record<string, Schema>,
  rule: ValidationRule,
  value: JsonObject,
  old?: JsonObject,
): FieldError[] {
  const spec: Schema = { type: 'object', properties, 'x-kubernetes-validations': [rule] };
  const rules = compileRules({ type: 'object', properties: { spec } });
  return rules.validate({ spec: value }, old === undefined ? undefined : { spec: old });
}

test('a failed rule is reported where and as it says, with scalars shown', () => {
  const at = (rule: Partial<ValidationRule>, schema: Schema, value: Json): string[] => {
    const ruled: Schema = { ...schema, 'x-kubernetes-validations': [{ rule: 'false', ...rule }] };
    const errors = compileRules({ type: 'object', properties: { spec: ruled } }).validate({ spec: value });
    return errors.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
  };
  const object: Schema = { type: 'object', properties: { a: string, m: map(string) } };
  assert.deepEqual(at({ message: ' no ' }, string, 'x'), ['FieldValueInvalid spec: Invalid value: "x": no']);
  assert.deepEqual(at({ message: 'no' }, integer, 4), ['FieldValueInvalid spec: Invalid value: 4: no']);
  assert.deepEqual(at({ message: 'no' }, object, {}), ['FieldValueInvalid spec: Invalid value: no']);
  assert.deepEqual(at({}, object, {}), ['FieldValueInvalid spec: Invalid value: failed rule: false']);
  assert.deepEqual(at({ message: 'no', fieldPath: '.a' }, object, {}), [
    'FieldValueInvalid spec.a: Invalid value: no',
  ]);
  assert.deepEqual(at({ message: 'no', fieldPath: ".m['x y']", reason: 'FieldValueForbidden' }, object, {}), [
    'FieldValueForbidden spec.m[x y]: Forbidden: no',
  ]);
  assert.deepEqual(at({ message: 'no', reason: 'FieldValueRequired' }, object, {}), [
    'FieldValueRequired spec: Required value: no',
  ]);
  assert.deepEqual(at({ message: 'no', reason: 'FieldValueDuplicate' }, string, 'x'), [
    'FieldValueDuplicate spec: Duplicate value: "x"',
  ]);
  assert.deepEqual(at({ messageExpression: '"not " + self', message: 'no' }, string, 'x'), [
    'FieldValueInvalid spec: Invalid value: "x": not x',
  ]);
  assert.deepEqual(at({ messageExpression: '"a\\n" + self', message: 'no' }, string, 'x'), [
    'FieldValueInvalid spec: Invalid value: "x": no',
  ]);
});

test('rules of the whole object have no field, those below see the keys of maps and the places of items', () => {
  const rule = { rule: 'false', message: 'no' };
  const ruled: Schema = { ...string, 'x-kubernetes-validations': [rule] };
  const schema: Schema = {
    type: 'object',
    'x-kubernetes-validations': [{ rule: 'self.metadata.name == "x"', message: 'name' }],
    properties: { spec: { type: 'object', properties: { l: list(ruled), m: map(ruled) } } },
  };
  const object = { metadata: { name: 'y' }, spec: { l: ['a', 'b'], m: { 'k.1': 'c' } } };
  const fields = compileRules(schema).validate(object);
  assert.deepEqual(
    fields.map(({ field }) => field),
    ['<nil>', 'spec.l[0]', 'spec.l[1]', 'spec.m[k.1]'],
  );
});

test('rules about a change run where the old value is known: by map keys and member names, not by place', () => {
  const frozen: Schema = {
    ...string,
    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'frozen' }],
  };
  const properties: Record<string, Schema> = {
    one: frozen,
    atomic: list(frozen),
    keyed: keyed({ k: string, v: frozen }, 'k'),
    map: map(frozen),
  };
  const rules = compileRules({ type: 'object', properties });
  const old = { one: 'a', atomic: ['a'], keyed: [{ k: '1', v: 'a' }], map: { x: 'a' } };
  const changed = {
    one: 'b',
    atomic: ['b'],
    keyed: [
      { k: '2', v: 'c' },
      { k: '1', v: 'b' },
    ],
    map: { x: 'b', y: 'c' },
  };
  assert.deepEqual(rules.validate(changed), []);
  assert.deepEqual(
    rules.validate(changed, old).map(({ field }) => field),
    ['one', 'keyed[1].v', 'map[x]'],
  );
  assert.deepEqual(rules.validate(old, old), []);
});

test('a rule with optionalOldSelf runs on a new object too', () => {
  const schema: Schema = {
    ...integer,
    'x-kubernetes-validations': [
      {
        rule: 'oldSelf.hasValue() ? self >= oldSelf.value() : self == 0',
        optionalOldSelf: true,
        message: 'no',
      },
    ],
  };
  const rules = compileRules({ type: 'object', properties: { n: schema } });
  assert.deepEqual(rules.validate({ n: 0 }), []);
  assert.equal(rules.validate({ n: 1 }).length, 1);
  assert.deepEqual(rules.validate({ n: 2 }, { n: 1 }), []);
  assert.equal(rules.validate({ n: 1 }, { n: 2 }).length, 1);
});

test('what was wrong before an update and has not changed is let pass', () => {
  const small: Schema = { ...integer, 'x-kubernetes-validations': [{ rule: 'self < 10' }] };
  const rules = compileRules({ type: 'object', properties: { a: small, b: small, l: list(small) } });
  assert.deepEqual(rules.validate({ a: 11, b: 1, l: [12] }, { a: 11, b: 2, l: [12] }), []);
  assert.equal(rules.validate({ a: 12 }, { a: 11 }).length, 1);
  assert.equal(rules.validate({ l: [12, 1] }, { l: [12] }).length, 1);
});

test('where the structure is wrong rules are not evaluated, and one error says so', () => {
  const rules = compileRules({ ...string, 'x-kubernetes-validations': [{ rule: 'false' }] });
  const missing: FieldError = { reason: 'FieldValueRequired', field: 'x', message: 'Required value' };
  assert.deepEqual(rules.validate('x', undefined, [missing]), [
    {
      reason: 'FieldValueInvalid',
      field: '<nil>',
      message:
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    },
  ]);
  const pattern: FieldError = { reason: 'FieldValueInvalid', field: 'x', message: 'Invalid value' };
  assert.equal(
    rules.validate('x', undefined, [pattern])[0]?.message,
    'Invalid value: "x": failed rule: false',
  );
  const none = compileRules({ type: 'object', properties: { a: string } });
  assert.ok(none.empty);
  assert.deepEqual(none.validate({}, undefined, [missing]), []);
});

test('a rule that costs too much is stopped soon, and those after it are not run', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => index);
  const expensive = 'self.l.all(x, self.l.all(y, self.l.all(z, x + y + z >= 0)))';
  const spec: Schema = {
    type: 'object',
    properties: { l: list(integer) },
    'x-kubernetes-validations': [{ rule: expensive }, { rule: 'false' }],
  };
  const started = performance.now();
  const errors = compileRules({ type: 'object', properties: { spec } }).validate({ spec: { l: many } });
  assert.ok(performance.now() - started < 60_000);
  assert.deepEqual(errors, [
    {
      reason: 'FieldValueInvalid',
      field: 'spec',
      message: `Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${expensive}`,
    },
  ]);
});

test('a message expression that costs too much stops the rules', () => {
  const messageExpression = 'self.l.all(x, self.l.all(y, self.l.all(z, x == z))) ? "a" : "b"';
  const spec: Schema = {
    type: 'object',
    properties: { l: list(integer) },
    'x-kubernetes-validations': [{ rule: 'false', messageExpression }, { rule: 'false' }],
  };
  const zeros = Array.from({ length: 1_000 }, () => 0);
  const errors = compileRules({ type: 'object', properties: { spec } }).validate({ spec: { l: zeros } });
  assert.equal(errors.length, 1);
  assert.ok(
    errors[0]?.message.includes('due to call cost exceeds limit for messageExpression: "self.l.all('),
  );
});

test('rules on many items share one budget', () => {
  const item: Schema = {
    ...list(integer),
    'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }],
  };
  const rules = compileRules({ type: 'object', properties: { l: list(item) } });
  const zeros = Array.from({ length: 250 }, () => 0);
  const errors = rules.validate({ l: Array.from({ length: 100 }, () => zeros) });
  assert.equal(errors.length, 1);
  assert.equal(
    errors[0]?.message,
    'Invalid value: validation failed due to running out of cost budget, no further validation rules will be run',
  );
});

test('an expression of hostile depth or length is an error and no crash', () => {
  const compile = (rule: string): string | undefined =>
    errorsOf({ a: integer }, { rule }, { a: 1 })[0]?.message.slice(0, 60);
  assert.ok(compile(`${'('.repeat(10_000)}true${')'.repeat(10_000)}`)?.includes('rule compile error'));
  assert.ok(compile(`${'!'.repeat(100_000)}true`)?.includes('rule compile error'));
  assert.ok(compile(`1${'+1'.repeat(50_000)} == 1`)?.includes('rule compile error'));
  assert.equal(compile(Array.from({ length: 3_000 }, () => 'self.a == 1').join(' && ')), undefined);
  assert.ok(compile(`self${'.a'.repeat(5_000)} == 1`)?.includes('rule compile error'));
});

test('texts that an expression would make too long are not made', () => {
  const value = { l: Array.from({ length: 10_000 }, (_, index) => index), s: 'a'.repeat(10_000) };
  const rules = [
    'self.l.map(x, self.s).join("") == ""',
    '"%s".format([self.l.map(x, self.s)]) == ""',
    'self.s.replace("a", self.s) == ""',
    'self.l.all(x, self.l.all(y, self.s.matches("b" + string(x) + string(y)) || true))',
  ];
  for (const rule of rules) {
    const started = performance.now();
    const [error] = errorsOf({ l: list(integer), s: string }, { rule }, value);
    assert.match(error?.message ?? '', /actual cost limit exceeded|out of cost budget/, rule);
    assert.ok(performance.now() - started < 60_000, rule);
  }
});

test('the size of a large map is known at once, however often it is asked for', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `name-${index}`);
  const value = { l: names, m: Object.fromEntries(names.map((name) => [name, name])) };
  const map = { type: 'object', additionalProperties: string } as const;
  const started = performance.now();
  const rule = 'self.l.all(x, size(self.m) == 20000)';
  assert.deepEqual(errorsOf({ l: list(string), m: map }, { rule }, value), []);
  assert.ok(performance.now() - started < 60_000);
});

test('a long text is paid for each time that a rule looks through it', () => {
  const value = { l: Array.from({ length: 10_000 }, (_, index) => index), s: '1'.repeat(10_000) };
  const readers = [
    'bytes(self.s) == b""',
    'string(bytes(self.s)) == ""',
    '"%s".format([[bytes(self.s)]]) == ""',
    '!self.s.startsWith(self.s)',
    '!self.s.endsWith(self.s)',
    'isQuantity(self.s)',
    'quantity(self.s).isInteger()',
    'isSemver(self.s, true)',
    'semver(self.s).major() == 1',
    'isIP(self.s)',
    'ip(self.s).family() == 4',
    'ip.isCanonical(self.s)',
    'isCIDR(self.s)',
    'cidr(self.s).prefixLength() == 1',
    'timestamp(self.s) == timestamp("2026-01-01T00:00:00Z")',
    'duration(self.s) == duration("1h")',
    'int(self.s) == 1',
    'uint(self.s) == 1u',
    'double(self.s) == 1.0',
    'bool(self.s)',
  ];
  for (const reader of readers) {
    const rule = `self.l.exists(x, ${reader})`;
    const [error] = errorsOf({ l: list(integer), s: string }, { rule }, value);
    assert.match(error?.message ?? '', /actual cost limit exceeded/, rule);
  }
});
