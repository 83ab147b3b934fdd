// SPDX-License-Identifier: Apache-2.0
// signal_daemon.java: signal-cli's own daemon (its HTTP server, JSON-RPC and JSON; version 0.13.19), with a manager in place of Signal.
//
//   java --class-path '/opt/signal-cli/lib/*' tests/doubles/platforms/signal_daemon.java [single]
//
// The first line of stdout is the port of its control: POST /control/message { message, user, group, mention, quote, reaction, files },
// as signal.mjs has them; fail { failures: [NETWORK | UNREGISTERED | IDENTITY | RATE] }; state { url, sent, groups, listeners }.
// signal_test.py runs it where SIGNAL_CLI_LIB names that folder: it needs Java 21, and signal-cli, which Debian has not.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import org.asamk.signal.http.HttpServerHandler;
import org.asamk.signal.manager.Manager;
import org.asamk.signal.manager.MultiAccountManager;
import org.asamk.signal.manager.api.Contact;
import org.asamk.signal.manager.api.Group;
import org.asamk.signal.manager.api.GroupId;
import org.asamk.signal.manager.api.GroupPermission;
import org.asamk.signal.manager.api.Message;
import org.asamk.signal.manager.api.MessageEnvelope;
import org.asamk.signal.manager.api.MessageEnvelope.Data;
import org.asamk.signal.manager.api.Profile;
import org.asamk.signal.manager.api.Recipient;
import org.asamk.signal.manager.api.RecipientAddress;
import org.asamk.signal.manager.api.RecipientIdentifier;
import org.asamk.signal.manager.api.SendMessageResult;
import org.asamk.signal.manager.api.SendMessageResults;

class SignalDaemon {
  static final RecipientAddress BOT = new RecipientAddress("b0b0b0b0-0000-4000-8000-000000000000", null, "+15550009999", null);
  static final ObjectMapper JSON = new ObjectMapper();
  static final List<Manager.ReceiveMessageHandler> listeners = new ArrayList<>();
  static final List<MessageEnvelope> waiting = new ArrayList<>();
  static final List<Map<String, Object>> sent = new ArrayList<>();
  static final Map<String, byte[]> files = new HashMap<>();
  static final Map<String, GroupId> groups = new HashMap<>();
  static final Deque<String> failures = new ArrayDeque<>();
  static String url;
  static long clock;

  static RecipientAddress person(int n) {
    return new RecipientAddress("00000000-0000-4000-8000-%012d".formatted(n), null, "+1555000%04d".formatted(n), n == 3 ? "ada.42" : null);
  }

  static long now() {
    return clock = Math.max(clock + 1, System.currentTimeMillis());
  }

  static void deliver(MessageEnvelope envelope) {
    if (listeners.isEmpty())
      waiting.add(envelope);
    List.copyOf(listeners).forEach(l -> l.handleMessage(envelope, null));
  }

  // A handler that is weak hears, but does not make the daemon receive.
  static Object listen(Manager.ReceiveMessageHandler handler, boolean weak) {
    if (!weak && listeners.add(handler)) {
      var now = List.copyOf(waiting);
      waiting.clear();
      now.forEach(SignalDaemon::deliver);
    }
    return null;
  }

  static SendMessageResults results(Set<RecipientIdentifier> to, String failure) {
    var result = new SendMessageResult(person(1), failure.isEmpty(), failure.equals("NETWORK"), failure.equals("UNREGISTERED"), failure.equals("IDENTITY"), failure.equals("RATE"), null, false);
    var all = new HashMap<RecipientIdentifier, List<SendMessageResult>>();
    to.forEach(r -> all.put(r, List.of(result)));
    return new SendMessageResults(now(), all);
  }

  static SendMessageResults send(Set<RecipientIdentifier> to, Message m, long edited) {
    var failure = Optional.ofNullable(failures.poll()).orElse("");
    var results = results(to, failure);
    if (!failure.isEmpty())
      return results;
    var told = new HashMap<String, Object>(Map.of("chat", to.iterator().next().getIdentifier(), "message", m.messageText(), "attachments", m.attachments(), "edited", edited,
        "timestamp", results.timestamp(), "textStyles", m.textStyles().stream().map(s -> s.start() + ":" + s.length() + ":" + s.style()).toList()));
    m.quote().ifPresent(q -> told.putAll(Map.of("quoteTimestamp", q.timestamp(), "quoteAuthor", q.author().getIdentifier())));
    sent.add(told);
    return results;
  }

  static Group group(String name) {
    var all = GroupPermission.EVERY_MEMBER;
    return new Group(groups.get(name), name, "", null, Set.of(), Set.of(), Set.of(), Set.of(), Set.of(), false, 0, all, all, all, true, true);
  }

  static Group group(GroupId id) {
    return group(groups.keySet().stream().filter(name -> groups.get(name).equals(id)).findFirst().orElseThrow());
  }

  static Recipient recipient(RecipientAddress address) {
    var contact = Contact.newBuilder().withGivenName("Person " + address.number().orElseThrow().substring(11)).build();
    return Recipient.newBuilder().withAddress(address).withContact(contact).withProfile(Profile.newBuilder().build()).build();
  }

  static List<Recipient> recipients(Collection<RecipientIdentifier.Single> of) {
    return List.of(BOT, person(1), person(2), person(3)).stream()
        .filter(p -> of.isEmpty() || of.stream().anyMatch(r -> r.getIdentifier().equals(p.number().orElseThrow()))).map(SignalDaemon::recipient).toList();
  }

  static ByteArrayInputStream file(String id) throws IOException {
    if (!files.containsKey(id))
      throw new IOException("there is no such file");
    return new ByteArrayInputStream(files.get(id));
  }

  @SuppressWarnings("unchecked")
  static synchronized Object manage(Object self, Method method, Object[] a) throws IOException {
    return switch (method.getName()) {
      case "getSelfNumber" -> BOT.number().orElseThrow();
      case "addReceiveHandler" -> listen((Manager.ReceiveMessageHandler) a[0], a.length > 1 && (Boolean) a[1]);
      case "removeReceiveHandler" -> listeners.remove(a[0]) ? null : null;
      case "sendMessage" -> send((Set<RecipientIdentifier>) a[1], (Message) a[0], 0);
      case "sendEditMessage" -> send((Set<RecipientIdentifier>) a[1], (Message) a[0], (Long) a[2]);
      case "sendTypingMessage" -> results((Set<RecipientIdentifier>) a[1], "");
      case "getContactOrProfileName" -> "Somebody";
      case "getGroup" -> group((GroupId) a[0]);
      case "getGroups" -> groups.keySet().stream().map(SignalDaemon::group).toList();
      case "getRecipients" -> recipients((Collection<RecipientIdentifier.Single>) a[2]);
      case "retrieveAttachment" -> file((String) a[0]);
      case "equals" -> self == a[0];
      case "hashCode" -> 1;
      case "toString" -> "manager";
      default -> throw new UnsupportedOperationException(method.getName());
    };
  }

  static Data.Attachment keep(JsonNode f) {
    var id = files.size() + "." + f.path("name").asText();
    files.put(id, f.path("text").asText().getBytes());
    return new Data.Attachment(Optional.of(id), Optional.empty(), Optional.of(f.path("name").asText()), f.path("type").asText(), Optional.empty(), Optional.of((long) files.get(id).length),
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false, false, false);
  }

  static Map<String, Object> message(JsonNode q) {
    var at = now();
    var text = q.path("message").asText("");
    var place = q.path("mention").asBoolean() ? text.indexOf("@bot") : -1;
    var mentions = place < 0 ? List.<Data.Mention>of() : List.of(new Data.Mention(BOT, place, 1));
    var said = Optional.of(place < 0 ? text : text.replace("@bot", "\ufffc")).filter(t -> !t.isEmpty());
    var attached = new ArrayList<Data.Attachment>();
    q.path("files").forEach(f -> attached.add(keep(f)));
    var quote = Optional.of(q.path("quote").asLong()).filter(id -> id > 0).map(id -> new Data.Quote(id, BOT, Optional.of("so"), List.of(), List.of(), List.of()));
    var group = Optional.ofNullable(groups.get(q.path("group").asText())).map(id -> new Data.GroupContext(id, false, 1));
    var reaction = Optional.of(q.path("reaction").asBoolean()).filter(yes -> yes).map(yes -> new Data.Reaction(5, BOT, "+", false));
    var data = new Data(at, group, Optional.empty(), Optional.empty(), said, 0, false, false, false, false, false, reaction, quote, Optional.empty(), attached, Optional.empty(),
        Optional.empty(), List.of(), mentions, List.of(), List.of());
    deliver(new MessageEnvelope(Optional.of(person(q.path("user").asInt(1))), 1, at, at, at, false, Optional.empty(), Optional.empty(), Optional.of(data), Optional.empty(), Optional.empty(),
        Optional.empty(), Optional.empty()));
    return Map.of("timestamp", at);
  }

  static synchronized Object control(String what, JsonNode q) {
    if (what.equals("message"))
      return message(q);
    q.path("failures").forEach(f -> failures.add(f.asText()));
    var ids = new HashMap<String, String>();
    groups.forEach((name, id) -> ids.put(name, id.toBase64()));
    return Map.of("url", url, "sent", sent, "groups", ids, "listeners", listeners.size());
  }

  static void answer(HttpExchange x) throws IOException {
    var asked = x.getRequestBody().readAllBytes();
    var body = JSON.writeValueAsBytes(control(x.getRequestURI().getPath().substring("/control/".length()), JSON.readTree(asked.length > 0 ? asked : "{}".getBytes())));
    x.sendResponseHeaders(200, body.length);
    x.getResponseBody().write(body);
    x.close();
  }

  static MultiAccountManager all(Manager one) {
    return (MultiAccountManager) Proxy.newProxyInstance(SignalDaemon.class.getClassLoader(), new Class<?>[] { MultiAccountManager.class }, (self, method, a) -> switch (method.getName()) {
      case "getManagers" -> List.of(one);
      case "getAccountNumbers" -> List.of(one.getSelfNumber());
      case "getManager" -> a[0].equals(one.getSelfNumber()) ? one : null;
      default -> throw new UnsupportedOperationException(method.getName());
    });
  }

  // The daemon compares the Host field with the port it was given: 0 would not do.
  static InetSocketAddress freeAddress() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return new InetSocketAddress("127.0.0.1", socket.getLocalPort());
    }
  }

  public static void main(String[] args) throws Exception {
    for (var name : List.of("team", "other"))
      groups.put(name, GroupId.fromBase64(Base64.getEncoder().encodeToString(Arrays.copyOf(name.repeat(8).getBytes(), 32))));
    var one = (Manager) Proxy.newProxyInstance(SignalDaemon.class.getClassLoader(), new Class<?>[] { Manager.class }, SignalDaemon::manage);
    var address = freeAddress();
    url = "http://127.0.0.1:" + address.getPort();
    (args.length > 0 ? new HttpServerHandler(address, one) : new HttpServerHandler(address, all(one))).init();
    var control = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    control.setExecutor(Executors.newCachedThreadPool());
    control.createContext("/control/", SignalDaemon::answer);
    control.start();
    System.out.println(control.getAddress().getPort());
  }
}
