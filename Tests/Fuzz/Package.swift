// swift-tools-version: 6.2
// The product's sources once more, with the doors through which bytes from outside come in. Built by "make fuzz" with coverage counters
// (swift build --sanitize=fuzzer); Product is a link to Sources.
import PackageDescription

let rooms: [Target] = [
    .systemLibrary(name: "COpenSSL", path: "Product/COpenSSL", pkgConfig: "openssl"),
    .systemLibrary(name: "CSystemd", path: "Product/CSystemd", pkgConfig: "libsystemd"),
    .systemLibrary(name: "CCurl", path: "Product/CCurl", pkgConfig: "libcurl"),
    .target(name: "CShims", path: "Product/CShims"),
    .target(name: "Secrets", dependencies: ["CShims"], path: "Product/Secrets"),
    .target(name: "Threads", dependencies: ["CShims"], path: "Product/Threads"),
    .target(name: "Codecs", dependencies: ["Secrets"], path: "Product/Codecs"),
    .target(name: "OpenSSL", dependencies: ["COpenSSL", "CShims", "Secrets"], path: "Product/OpenSSL"),
    .target(name: "Systemd", dependencies: ["CSystemd", "CShims", "Threads"], path: "Product/Systemd"),
    .target(name: "Curl", dependencies: ["CCurl", "CShims", "Codecs", "Secrets", "Threads"], path: "Product/Curl"),
    .target(name: "TokenWire", dependencies: ["Codecs", "Secrets"], path: "Product/TokenWire"),
    .target(name: "OAuth", dependencies: ["Codecs", "Secrets"], path: "Product/OAuth"),
    .target(name: "TokenLedger", dependencies: ["OAuth", "TokenWire", "Codecs", "Secrets"], path: "Product/TokenLedger"),
    .target(
        name: "TokenConfiguration", dependencies: ["TokenLedger", "TokenWire", "OAuth", "Systemd", "Codecs", "Secrets"], path: "Product/TokenConfiguration"),
    .target(
        name: "TokenStore", dependencies: ["TokenConfiguration", "TokenLedger", "TokenWire", "OpenSSL", "Systemd", "Secrets", "Threads", "CShims"],
        path: "Product/TokenStore"),
    .target(name: "TokenAudit", dependencies: ["TokenLedger", "OAuth", "TokenWire", "Codecs", "Secrets"], path: "Product/TokenAudit"),
    .target(
        name: "TokenDaemon",
        dependencies: [
            "TokenStore", "TokenConfiguration", "TokenAudit", "TokenLedger", "TokenWire", "OAuth", "OpenSSL", "Systemd", "Curl", "Codecs", "Secrets",
            "Threads",
        ],
        path: "Product/TokenDaemon", swiftSettings: [.defaultIsolation(MainActor.self)]),
    .target(
        name: "TokenControl",
        dependencies: ["TokenWire", "Codecs", "Secrets", "CShims", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        path: "Product/TokenControl"),
]

let package = Package(
    name: "tokend-fuzz",
    dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")],
    targets: rooms + [
        // libFuzzer brings the main function
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "TokenDaemon", "TokenStore", "TokenConfiguration", "TokenAudit", "TokenLedger", "TokenWire", "OAuth", "OpenSSL", "Systemd", "Codecs", "Secrets",
                "TokenControl",
            ],
            path: "Sources", swiftSettings: [.defaultIsolation(MainActor.self)])
    ])

for target in package.targets where target.type != .system && target.name != "CShims" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
        ]
}
