internal import Secrets
internal import Codecs

extension Door {
    /// Any body that a server may answer with.
    static let json = Door(name: "json") { bytes in
        guard case .success(let object) = JSONObject.read(Secret(copying: bytes)) else { return }
        let written = JSONValue.object(object).written
        guard case .success(let again) = JSONObject.read(Secret(written)) else {
            return must(false, "what was read as JSON can be written and read again")
        }
        must(JSONValue.object(again).written == written, "JSON means the same when it is written and read again")
    }
}

extension JSONValue {
    /// As JSON, members in the order of their names.
    var written: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): text
        case .string(let string): quoted(string.text)
        case .array(let values): "[" + values.map(\.written).joined(separator: ",") + "]"
        case .object(let object):
            "{" + object.members.map { quoted(String(decoding: $0.key, as: UTF8.self)) + ":" + $0.value.written }.sorted().joined(separator: ",") + "}"
        }
    }
}

private func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
