import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Sends a mail by SMTP (RFC 5321) with a socket, a reader and a writer, and nothing else.
 *
 * <pre>java SendMail.java HOST PORT MESSAGE FROM TO...</pre>
 *
 * MESSAGE is a file in UTF-8, headers first, then an empty line, then the text; - is the standard input.
 * The exit status is 0 if the server has taken the mail, 1 if not, and 2 if it was called wrongly.
 *
 * <p>What everyone gets wrong first: println() ends a line as this machine likes it, and SMTP wants
 * CR LF on every machine. A server that sees no end of a line goes on waiting for it, and so do we.
 */
public final class SendMail implements AutoCloseable {
    private static final String CRLF = "\r\n";
    private static final int PATIENCE_MS = 60_000;

    private final Socket socket;
    private final BufferedReader reader;
    private final Writer writer;

    public static void main(String[] args) {
        if (args.length < 5) {
            System.err.println("usage: java SendMail.java HOST PORT MESSAGE FROM TO...");
            System.exit(2);
        }
        try {
            String message = readMessage(args[2]);
            try (SendMail mail = new SendMail(args[0], Integer.parseInt(args[1]))) {
                String reply = mail.send(args[3], List.of(args).subList(4, args.length), message);
                System.out.println("SendMail: " + reply);
            }
        } catch (NumberFormatException wrong) {
            System.err.println("SendMail: PORT is a number, and not " + args[1]);
            System.exit(2);
        } catch (IOException failure) {
            System.err.println("SendMail: " + failure.getMessage());
            System.exit(1);
        }
    }

    /** Connects; the server speaks first, but that is read by {@link #send}. */
    public SendMail(String host, int port) throws IOException {
        try {
            socket = new Socket(host, port);
        } catch (UnknownHostException unknown) {
            throw new IOException("there is no host " + host);
        } catch (IOException failure) {
            throw new IOException("cannot connect to " + host + ", port " + port + ": " + failure.getMessage());
        }
        // Without this a server that says nothing makes us wait for ever.
        socket.setSoTimeout(PATIENCE_MS);
        reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        writer = new BufferedWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8));
    }

    /** The whole session, from the greeting to QUIT: each command waits for the reply to the one before. Gives the
     *  reply to the mail. */
    public String send(String from, List<String> recipients, String message) throws IOException {
        expect("220", "the greeting");
        List<String> offered = command("EHLO client.example.org", "250");
        // Characters beyond ASCII make bytes of eight bits, which are announced where the server knows the word.
        boolean eightBit = offered.stream().anyMatch(line -> line.substring(4).equalsIgnoreCase("8BITMIME"));
        command("MAIL FROM:<" + from + ">" + (eightBit ? " BODY=8BITMIME" : ""), "250");
        // Who gets the mail is said here and only here. The headers To and Cc are for the eyes of those who
        // read it; that somebody is not in them is all that Bcc means.
        for (String recipient : recipients) {
            command("RCPT TO:<" + recipient + ">", "250");
        }
        command("DATA", "354");
        sendText(message);
        List<String> taken = expect("250", "the mail");
        command("QUIT", "221");
        return String.join(" / ", taken);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Says a command and reads the reply to it, which has to begin with this code. */
    private List<String> command(String command, String code) throws IOException {
        if (command.contains("\r") || command.contains("\n")) {
            throw new IOException("a command is one line: " + command);
        }
        writer.write(command + CRLF);
        // What is in the buffer has not been said, and nobody answers it.
        writer.flush();
        return expect(code, command);
    }

    /** Sends the lines of a message, and the dot that ends it. */
    private void sendText(String message) throws IOException {
        // split() would lose the empty lines at the end.
        List<String> lines = message.lines().collect(Collectors.toList());
        for (String line : lines) {
            // A line that begins with a dot gets another, so that none is the end by mistake; the server
            // takes it off again (RFC 5321, 4.5.2).
            writer.write((line.startsWith(".") ? "." : "") + line + CRLF);
        }
        writer.write("." + CRLF);
        writer.flush();
    }

    /** Reads a reply to its end. All of its lines but the last have a hyphen behind the code. */
    private List<String> expect(String code, String what) throws IOException {
        List<String> reply = new ArrayList<>();
        String line;
        do {
            line = readLine(code, what);
            if (line == null) {
                throw new IOException("the server has hung up, where " + code + " was expected to " + what);
            }
            if (!line.matches("[2-5][0-9][0-9]([ -].*)?")) {
                throw new IOException("this is no reply of a mail server: " + line);
            }
            reply.add(line.length() == 3 ? line + " " : line);
        } while (line.startsWith("-", 3));
        if (!line.startsWith(code)) {
            throw new IOException("expected " + code + " to " + what + ", got: " + String.join(" / ", reply));
        }
        return reply;
    }

    private String readLine(String code, String what) throws IOException {
        try {
            return reader.readLine();
        } catch (SocketTimeoutException silence) {
            throw new IOException("the server says nothing, where " + code + " was expected to " + what);
        }
    }

    private static String readMessage(String name) throws IOException {
        byte[] bytes;
        try {
            bytes = name.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(name));
        } catch (NoSuchFileException missing) {
            throw new IOException("there is no file " + name);
        }
        try {
            // new String() would put a question mark in the place of what is not UTF-8, and tell nobody.
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException invalid) {
            throw new IOException("the message is not in UTF-8: " + name);
        }
    }
}
