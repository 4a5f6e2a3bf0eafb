package io.github.esteira.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/** A real HTTP server that answers as a test tells it to, and remembers what it was asked. */
class StubInferenceService implements AutoCloseable {

	static final String ANSWER = "{\"predictions\":[\"setosa\"]}";

	/** What the gateway sent. */
	record Received(String method, String uri, Headers headers, String body) {
	}

	interface Behaviour {

		void answer(HttpExchange exchange) throws IOException, InterruptedException;

	}

	private final HttpServer server;

	private final List<Received> received = new CopyOnWriteArrayList<>();

	private volatile Behaviour behaviour = json(200, ANSWER);

	StubInferenceService() {
		this(0);
	}

	StubInferenceService(int port) {
		try {
			this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
		}
		catch (IOException failure) {
			throw new UncheckedIOException(failure);
		}
		this.server.createContext("/", this::handle);
		this.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
		this.server.start();
	}

	private void handle(HttpExchange exchange) throws IOException {
		try (exchange) {
			String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
			this.received.add(new Received(exchange.getRequestMethod(), exchange.getRequestURI().toString(),
					exchange.getRequestHeaders(), body));
			this.behaviour.answer(exchange);
		}
		catch (InterruptedException stopped) {
			Thread.currentThread().interrupt();
		}
	}

	/** Sets how requests are answered from now on, and forgets those before. */
	void will(Behaviour next) {
		this.received.clear();
		this.behaviour = next;
	}

	List<Received> received() {
		return this.received;
	}

	String baseUrl() {
		return "http://127.0.0.1:" + this.server.getAddress().getPort();
	}

	@Override
	public void close() {
		this.server.stop(0);
	}

	static Behaviour json(int status, String body) {
		return answer(status, "application/json", body);
	}

	static Behaviour answer(int status, String contentType, String body) {
		return exchange -> {
			byte[] bytes = body.getBytes(UTF_8);
			exchange.getResponseHeaders().set("Content-Type", contentType);
			exchange.sendResponseHeaders(status, bytes.length);
			exchange.getResponseBody().write(bytes);
		};
	}

	static Behaviour after(CountDownLatch release, Behaviour then) {
		return exchange -> {
			release.await();
			then.answer(exchange);
		};
	}

	static Behaviour hangUp() {
		return HttpExchange::close;
	}

	/** Promises a longer body than it sends before it hangs up. */
	static Behaviour breakOff() {
		return exchange -> {
			exchange.sendResponseHeaders(200, 100);
			exchange.getResponseBody().write('{');
			exchange.getResponseBody().flush();
		};
	}

	/** Sends the headers and the start of a body, and the rest only when released. */
	static Behaviour stall(CountDownLatch release) {
		return exchange -> {
			exchange.sendResponseHeaders(200, 100);
			exchange.getResponseBody().write('{');
			exchange.getResponseBody().flush();
			release.await();
		};
	}

}
