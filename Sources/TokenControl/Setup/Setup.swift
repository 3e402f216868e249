internal import ArgumentParser
internal import Glibc
internal import TokenWire

struct Setup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lead from a client registration to its first token (root).",
        discussion: """
            Asks for what tokend has to know of a registration ("Trusted Application" at ERP.net), or takes it from the options. Then \
            it has the configuration checked and the identity server asked for a token, in a folder of its own; only if that went well it puts

              /etc/tokend/secrets.d/APPLICATION      the client's secret, encrypted for this machine by systemd-creds
              /etc/tokend/apps.d/APPLICATION.toml    the registration and one token

            in place, restarts tokend, and shows the token's state. If a step fails, or you stop it, it says what failed, and nothing stays behind.

              tokenctl setup portal.sync
              tokenctl setup portal.sync --erpnet https://demodb.my.erp.net --client-id my.trusted.app/portal --secret-file - \\
                  --scope read --allow-unit erp-sync.service --yes < secret

            With --config for another folder it tries things out there: the secret goes into a file of mode 0600, and no service is touched.

            --address-allow-list has the kernel drop what tokend sends anywhere else than to the present addresses of its identity servers, its \
            proxies and this machine's name servers. Addresses change: it must then be written anew, by `tokenctl setup --address-allow-list` alone, \
            or tokend no longer reaches them. Where there is a list, every setup brings it up to date.
            """)

    @Argument(help: "The token to set up, application.token: names of your own, such as portal.sync.")
    var name: String?
    @Option(help: ArgumentHelp("Address of the ERP.net instance, such as https://demodb.my.erp.net.", valueName: "url"))
    var erpnet: String?
    @Option(help: ArgumentHelp("Issuer of any other identity server.", valueName: "url"))
    var issuer: String?
    @Option(
        name: .customLong("ca-file"), help: ArgumentHelp("Certificate authorities to trust instead of the system's.", valueName: "path"), completion: .file())
    var caFile: String?
    @Option(name: .customLong("client-id"), help: ArgumentHelp("The client's id at the server.", valueName: "id"))
    var clientID: String?
    @Option(help: ArgumentHelp("A file with the client's secret; - is standard input. Without it you are asked.", valueName: "file"), completion: .file())
    var secretFile: String?
    @Flag(name: .customLong("public"), help: "The client has no secret.")
    var isPublic = false
    @Option(
        help: ArgumentHelp("How the client proves itself (default: client_secret_post).", valueName: "method"),
        completion: .list(["client_secret_post", "client_secret_basic", "none"]))
    var authentication: String?
    @Option(help: "A scope to ask for; repeat it for more.")
    var scope: [String] = []
    @Option(
        name: .customLong("sign-in"),
        help: ArgumentHelp("The token is a person's, who signs in; where the browser comes back to, as registered.", valueName: "redirect-uri"))
    var signIn: String?
    @Option(help: ArgumentHelp("A unit that may have the token; repeat it for more.", valueName: "unit"), completion: .units)
    var allowUnit: [String] = []
    @Option(help: ArgumentHelp("A user who may have the token; repeat it for more.", valueName: "user"), completion: .users)
    var allowUser: [String] = []
    @Option(help: ArgumentHelp("A group that may have the token; repeat it for more.", valueName: "group"))
    var allowGroup: [String] = []
    @Flag(help: "All of them get the same token; a sign-in for several needs this.")
    var shared = false
    @Option(name: .customLong("config"), help: ArgumentHelp("Another folder, to try things out.", valueName: "dir"), completion: .directory)
    var folder = Setup.systemFolder
    @Flag(help: "Replace what is there under this name; with --public the secret that was there goes.")
    var force = false
    @Flag(help: "Do not ask whether what is about to be written is right.")
    var yes = false
    @Flag(help: "Do not ask the identity server.")
    var offline = false
    @Flag(help: "Let tokend reach only the addresses that its identity servers have now. Alone: write that list anew.")
    var addressAllowList = false
    @OptionGroup var connection: ConnectionOptions

    static let systemFolder = "/etc/tokend"

    mutating func validate() throws {
        while folder.hasSuffix("/") { folder.removeLast() }
        if erpnet != nil, issuer != nil { throw ValidationError("--erpnet and --issuer exclude each other") }
        if isPublic, secretFile != nil { throw ValidationError("--public and --secret-file exclude each other") }
        if let name, TokenName(name) == nil {
            throw ValidationError("\(Quotation.of(name)) is no token's name: application.token, each of lower-case letters, digits, - and _")
        }
        if name?.hasPrefix("store-key.") == true {
            throw ValidationError("the credential \"store-key\" is the key that the store is sealed with; give the application another name")
        }
        if addressAllowList, folder != Setup.systemFolder { throw ValidationError("--address-allow-list is for the service; it does not go with --config") }
        guard folder.hasPrefix("/") else { throw ValidationError("--config needs the absolute path of a folder below /") }
    }

    func run() throws {
        try reporting { () throws(Failure) in
            let terminal = Terminal(try Vigil())
            let list = AddressAllowList(terminal: terminal)
            if addressAllowList, isAlone { return try list.write() }
            let questions = SetupQuestions(given: self, terminal: terminal)
            let registration = try questions.registration()
            let secret = try questions.secret()
            let work = SetupWork(registration, secret, self, terminal)
            try work.run()
            // one that is there does not know this server
            if addressAllowList || isForTheService && AddressAllowList.isThere { try list.write() }
        }
    }

    /// Whether nothing was said of an application.
    private var isAlone: Bool {
        [name, erpnet, issuer, caFile, clientID, secretFile, authentication, signIn].allSatisfy { $0 == nil }
            && (scope + allowUnit + allowUser + allowGroup).isEmpty && ![isPublic, shared, force, yes, offline].contains(true)
    }
    /// Whether it is about the service of this machine.
    var isForTheService: Bool { folder == Setup.systemFolder }
}
