package io.github.esteira.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.stream.Stream;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** The real application on a port of its own, and a client that talks to it. */
class RunningGateway implements AutoCloseable {

	static final String VALID = "{\"instances\":[[5.1,3.5,1.4,0.2]]}";

	private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

	private final ConfigurableApplicationContext context;

	private final String baseUrl;

	private RunningGateway(ConfigurableApplicationContext context) {
		this.context = context;
		this.baseUrl = "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty("local.server.port");
	}

	/** Starts the gateway in front of the given service, with arguments as on a command line. */
	static RunningGateway start(String upstream, String... arguments) {
		String[] all = Stream.concat(Stream.of("--server.port=0", "--gateway.upstream.base-url=" + upstream),
				Stream.of(arguments)).toArray(String[]::new);
		return new RunningGateway(SpringApplication.run(GatewayApplication.class, all));
	}

	ConfigurableApplicationContext context() {
		return this.context;
	}

	URI uri(String path) {
		return URI.create(this.baseUrl + path);
	}

	HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(uri(path));
	}

	/** A prediction request with that body, still open to changes. */
	HttpRequest.Builder prediction(String body) {
		return request("/api/v1/predictions").header("Content-Type", "application/json")
			.POST(BodyPublishers.ofString(body));
	}

	HttpResponse<String> predict() {
		return send(prediction(VALID));
	}

	HttpResponse<String> get(String path) {
		return send(request(path));
	}

	static HttpResponse<String> send(HttpRequest.Builder request) {
		try {
			return CLIENT.send(request.build(), BodyHandlers.ofString());
		}
		catch (IOException failure) {
			throw new UncheckedIOException(failure);
		}
		catch (InterruptedException stopped) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(stopped);
		}
	}

	@Override
	public void close() {
		this.context.close();
	}

}
