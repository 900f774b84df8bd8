/**
 * The help of `switchboard connect`.
 *
 * @module
 */

/** What `--help` prints. */
export const CONNECT_HELP = `Usage: switchboard connect URL [OPTIONS]

Connects to a WebSocket server. At a terminal each line you type is sent, and messages appear above
the prompt; /help there tells the commands. In a pipe each line of standard input is sent as one text
message, each text message is one line of standard output, and everything else goes to standard error.

The handshake
  -H, --header "NAME: VALUE"  a header; may be repeated, as the next two
  -s, --subprotocol NAME      a subprotocol to offer, best first
      --cookie NAME=VALUE     a cookie
      --token-file FILE       a bearer token, read anew for every attempt
      --token TOKEN           the same, but others on this machine can see it: prefer the file, or the
                              environment variable SWITCHBOARD_TOKEN
  -u, --user NAME             HTTP Basic; the password is that of SWITCHBOARD_PASSWORD, or asked for
      --ca FILE               the CA that signs the server's certificate, as PEM
      --cert FILE --key FILE  a client certificate and its key, as PEM
  -k, --insecure              accepts any certificate
      --timeout SECONDS       how long an attempt may take; 0 is no limit (default 30)
      --retry                 tries again when the connection fails or is lost

Messages
      --binary hex|base64     lines are binary messages, written like this, in both directions; in a
                              pipe texts then go to standard error
      --json                  writes every event as a line of JSON to standard output
      --pretty                lays out JSON in a pipe too, as at a terminal
      --max-size BYTES        of a message, and of a line of standard input (default 16777216)
  -v, --verbose               shows every ping and pong
      --no-color              no colours; NO_COLOR says the same

The end
  -x, --execute TEXT          sends this first; may be repeated. Standard input is then read only if it is a
                              terminal, and neither --wait nor --count is given
  -w, --wait SECONDS          stays so long after the end of the input, or "forever"; without it and
                              --count until nothing has come for a second
  -n, --count N               leaves after N messages
      --help                  prints this

Exit codes
  0    closed by you, or by the server with 1000, 1001 or no code
  1    could not connect, connection lost, something was not sent, or, whatever the end,
       fewer messages than --count
  2    the arguments are wrong
  3    refused by the server: its status and the first line of its answer are shown
  4    closed by the server with another code
  130  interrupted (Ctrl+C); 143 for SIGTERM

  switchboard connect ws://localhost:9090/chat/ada
  switchboard connect wss://example.com/feed --token-file token.txt --retry --wait forever < /dev/null
  switchboard connect ws://localhost:9090/echo --execute ping --count 1 --wait 5
`;
