internal import OpenSSL
internal import Secrets
package import Systemd
internal import TokenConfiguration
internal import TokenLedger

/// What something sealed is: nothing opens as something else.
enum SealedPurpose: UInt8, Sendable {
    case record = 1
    case intent = 2
    /// A slot of the memory that outlives the process.
    case memory = 3
    /// An access token in such memory.
    case token = 4
    /// A refresh token that is to be revoked.
    case revocation = 5
}

/// From which machines records are taken.
///
/// A refresh token that two machines use is one that the server will revoke: a store that was copied to another machine, or whose machine was
/// cloned, is locked until the administrator says that the other one is gone (RT-21).
package enum AdmittedMachines: Hashable, Sendable {
    /// This one, and these.
    case these(Set<MachineID>)
    /// For machines whose id does not last.
    case any
}

/// Seals records and intents and opens them, as they lie in a file:
///
///     "tokend" │ format 1 │ purpose 1 │ count 1, name │ length 4 │ sealed
///
/// with `sealed` as in `SealingKey`, which also vouches for what stands before the length. Sealed are the id of the machine (16 bytes, zeros if
/// it has none), then the record's or the intent's own bytes. The name is legible so that a file that was renamed is told from a damaged one.
struct StoreSealer: Sendable {
    /// Why something that is there cannot be used; a sentence without its subject, "it is damaged".
    struct Refusal: Error {
        var reason: String
    }

    struct Opened {
        var content: Secret
        /// Sealed with an older key, or on a machine that is admitted: to be sealed anew.
        var isOld: Bool
    }

    let keys: SealingKeys
    let machine: MachineID?
    let admitted: AdmittedMachines

    private static let magic: [UInt8] = Array("tokend".utf8)
    private static let format: UInt8 = 1
    static let longestName = 96
    /// How much longer the whole is than what was sealed, at most.
    static let overhead = magic.count + 3 + longestName + 4 + SealingKey.overhead + MachineID.length

    func seal(_ content: Secret, _ purpose: SealedPurpose, of name: String) throws(StoreFault) -> [UInt8] {
        guard let key = keys.present else { throw StoreFault(keys.absence) }
        let plain = SecretBuffer(capacity: MachineID.length + content.count)
        for byte in machine?.bytes ?? .init(repeating: 0, count: MachineID.length) { plain.append(byte) }
        plain.append(content)
        let beginning = Self.beginning(purpose, name)
        do throws(OpenSSLError) {
            let sealed = try key.seal(plain.secret(), for: beginning)
            return beginning + withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed
        } catch {
            throw StoreFault("\(error)")
        }
    }

    /// What was sealed; `nil` where nothing was ever written.
    func open(_ bytes: UnsafeRawBufferPointer, _ purpose: SealedPurpose, of name: String) throws(Refusal) -> Opened? {
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
        let sealed = try Self.sealed(in: bytes, purpose, name)
        let (plain, key): (Secret, SealingKey)
        do throws(UnsealError) {
            let id = try SealingKey.keyID(of: sealed)
            guard let found = keys[id] else { throw .otherKey(id) }
            (plain, key) = (try found.open(sealed, for: Self.beginning(purpose, name)), found)
        } catch {
            throw Refusal(reason: error.description)
        }
        guard plain.count >= MachineID.length else { throw Refusal(reason: "it is too short") }
        let origin = plain.withBytes { MachineID($0.prefix(MachineID.length)) }
        let isElsewhere = origin != nil && machine != nil && origin != machine
        if let origin, isElsewhere {
            switch admitted {
            case .these(let machines) where !machines.contains(origin):
                throw Refusal(reason: "it was sealed on another machine (\(origin)), which may still use it")
            case .these, .any: break
            }
        }
        return Opened(content: plain[MachineID.length..<plain.count], isOld: key.id != keys.present?.id || isElsewhere)
    }

    /// Whose something sealed says it is; `nil` if it says nothing that could be a name.
    static func name(in bytes: UnsafeRawBufferPointer) -> String? {
        let fixed = magic.count + 3
        guard bytes.count > fixed, bytes.starts(with: magic) else { return nil }
        let name = bytes[fixed...].prefix(Int(bytes[fixed - 1]))
        guard (1...longestName).contains(name.count), name.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    private static func beginning(_ purpose: SealedPurpose, _ name: String) -> [UInt8] {
        let name = Array(name.utf8.prefix(longestName))
        return magic + [format, purpose.rawValue, UInt8(name.count)] + name
    }

    private static func sealed(
        in bytes: UnsafeRawBufferPointer, _ purpose: SealedPurpose, _ name: String
    ) throws(Refusal) -> UnsafeRawBufferPointer {
        let fixed = magic.count + 3
        guard bytes.count > fixed, bytes.starts(with: magic) else { throw Refusal(reason: "it is no file of tokend, or damaged") }
        guard bytes[magic.count] == format else {
            throw Refusal(reason: "it is in format \(bytes[magic.count]), which this version of tokend does not know")
        }
        let end = fixed + Int(bytes[fixed - 1])
        guard bytes[fixed - 2] == purpose.rawValue, end + 4 <= bytes.count else { throw Refusal(reason: "it is damaged") }
        guard bytes[fixed..<end].elementsEqual(name.utf8) else {
            guard let other = Self.name(in: bytes) else { throw Refusal(reason: "it is damaged") }
            throw Refusal(reason: "it is the file of \(quoted(other))")
        }
        let length = bytes[end..<end + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - end - 4 else { throw Refusal(reason: "it is cut off") }
        return UnsafeRawBufferPointer(rebasing: bytes[end + 4..<end + 4 + length])
    }
}
