// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "tokend",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CShims"),

        .target(name: "Secrets", dependencies: ["CShims"]),
        .target(name: "Threads", dependencies: ["CShims"]),
        .target(name: "Codecs", dependencies: ["Secrets"]),
        .target(name: "OpenSSL", dependencies: ["COpenSSL", "CShims", "Secrets"]),
        .target(name: "Systemd", dependencies: ["CSystemd", "CShims", "Threads"]),
        .target(name: "Curl", dependencies: ["CCurl", "CShims", "Codecs", "Secrets", "Threads"]),
        .target(name: "TokenWire", dependencies: ["Codecs", "Secrets"]),
        .target(name: "OAuth", dependencies: ["Codecs", "Secrets"]),
        .target(name: "TokenLedger", dependencies: ["OAuth", "TokenWire", "Codecs", "Secrets"]),
        .target(name: "TokenAudit", dependencies: ["TokenLedger", "OAuth", "TokenWire", "Codecs", "Secrets"]),
        .target(name: "TokenConfiguration", dependencies: ["TokenLedger", "TokenWire", "OAuth", "Systemd", "Codecs", "Secrets"]),
        .target(
            name: "TokenStore",
            dependencies: ["TokenConfiguration", "TokenLedger", "TokenWire", "OpenSSL", "Systemd", "Secrets", "Threads", "CShims"],
            // FAULTS: the points at which a test may break the disk; a release has none
            swiftSettings: [.define("FAULTS", .when(configuration: .debug))]),
        .target(
            name: "TokenDaemon",
            dependencies: [
                "TokenStore", "TokenConfiguration", "TokenAudit", "TokenLedger", "TokenWire", "OAuth", "OpenSSL", "Systemd", "Curl", "Codecs", "Secrets",
                "Threads",
            ],
            swiftSettings: [.defaultIsolation(MainActor.self), .define("FAULTS", .when(configuration: .debug))]),
        .target(
            name: "TokenControl",
            dependencies: ["TokenWire", "Codecs", "Secrets", "CShims", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(
            name: "tokend",
            dependencies: ["TokenDaemon", "TokenConfiguration", "TokenWire", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: [.defaultIsolation(MainActor.self)],
            // what the dynamic loader has filled in once cannot be written again
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"], .when(configuration: .release))]),
        .executableTarget(
            name: "tokenctl", dependencies: ["TokenControl"],
            // a script pays less than a millisecond for a command without a dynamic loader; lld does not warn of what nobody calls
            linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))]),

        .target(name: "TestSupport", dependencies: ["CShims", "Secrets"], path: "Tests/TestSupport"),
        .testTarget(name: "SecretsTests", dependencies: ["Secrets"]),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"]),
        .testTarget(name: "CodecsTests", dependencies: ["Codecs", "Secrets", "TestSupport"]),
        .testTarget(name: "OpenSSLTests", dependencies: ["OpenSSL", "Codecs", "Secrets"]),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd", "CShims", "TestSupport", "Threads"]),
        .testTarget(
            name: "CurlTests", dependencies: ["Curl", "Secrets", "CShims", "TestSupport"], exclude: ["Resources"],
            // the tests stand before glibc's name lookup
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=getaddrinfo"])]),
        .testTarget(name: "TokenWireTests", dependencies: ["TokenWire", "Secrets", "TestSupport"]),
        .testTarget(name: "OAuthTests", dependencies: ["OAuth", "Codecs", "Secrets"]),
        .testTarget(name: "TokenControlTests", dependencies: ["TokenControl", "Secrets", "TestSupport"]),
        .testTarget(name: "TokenLedgerTests", dependencies: ["TokenLedger", "OAuth", "TokenWire", "Secrets", "TestSupport"]),
        .testTarget(name: "TokenAuditTests", dependencies: ["TokenAudit", "TokenLedger", "OAuth", "TokenWire", "Secrets", "TestSupport"]),
        .testTarget(
            name: "TokenConfigurationTests",
            dependencies: ["TokenConfiguration", "TokenLedger", "TokenWire", "OAuth", "Systemd", "Secrets", "TestSupport"]),
        .testTarget(
            name: "TokenStoreTests",
            dependencies: ["TokenStore", "TokenConfiguration", "TokenLedger", "TokenWire", "OpenSSL", "Systemd", "Secrets", "TestSupport"],
            swiftSettings: [.define("FAULTS", .when(configuration: .debug))]),
        .testTarget(
            name: "TokenDaemonTests",
            dependencies: [
                "TokenDaemon", "TokenStore", "TokenConfiguration", "TokenAudit", "TokenLedger", "TokenWire", "OAuth", "OpenSSL", "Systemd", "Curl",
                "Codecs", "Secrets", "TestSupport", "Threads",
            ],
            swiftSettings: [.defaultIsolation(MainActor.self), .define("FAULTS", .when(configuration: .debug))]),
    ])

for target in package.targets where target.type != .system && target.name != "CShims" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .treatAllWarnings(as: .error),
            // checked in every debug build, and so by nearly all tests; in a release the checks were a fifth of a request
            .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
        ]
}
