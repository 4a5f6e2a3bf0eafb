package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import io.github.resilience4j.retry.Retry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens to a request that cannot be sent, and may therefore be tried again. */
class UnreachableServiceTest {

	private static int port;

	private static RunningGateway gateway;

	private static volatile Runnable betweenAttempts;

	@BeforeAll
	static void start() throws IOException {
		port = freePort();
		gateway = RunningGateway.start("http://127.0.0.1:" + port, "--gateway.upstream.connect-timeout=500ms");
		gateway.context().getBean(Retry.class).getEventPublisher().onRetry(event -> betweenAttempts.run());
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@BeforeEach
	void nothingHappensBetweenAttempts() {
		betweenAttempts = () -> { };
	}

	@Test
	void refusedConnection() {
		Retry.Metrics retries = gateway.context().getBean(Retry.class).getMetrics();
		long before = retries.getNumberOfFailedCallsWithRetryAttempt();

		HttpResponse<String> answer = gateway.predict();

		assertProblem(answer, 503, "upstream-unreachable");
		assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
		assertThat(retries.getNumberOfFailedCallsWithRetryAttempt()).isEqualTo(before + 1);
		assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(200);
		assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
	}

	@Test
	void serviceThatComesUpBetweenTwoAttempts() {
		AtomicReference<StubInferenceService> late = new AtomicReference<>();
		betweenAttempts = () -> late.set(new StubInferenceService(port));

		HttpResponse<String> answer = gateway.predict();

		try (StubInferenceService stub = late.get()) {
			assertThat(answer.statusCode()).isEqualTo(200);
			assertThat(stub.received()).singleElement()
				.extracting(StubInferenceService.Received::body).isEqualTo(RunningGateway.VALID);
		}
	}

	@Test
	void connectionThatIsNotAccepted() throws IOException {
		try (ServerSocket full = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
				Backlog backlog = Backlog.fill(full)) {
			assertThat(backlog.connections()).isNotEmpty();
			assertProblem(gateway.predict(), 503, "upstream-unreachable");
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0)) {
			return socket.getLocalPort();
		}
	}

	/** As many connections as a listener takes that accepts none: the kernel ignores the next. */
	private record Backlog(List<Socket> connections) implements AutoCloseable {

		static Backlog fill(ServerSocket listener) throws IOException {
			List<Socket> connections = new ArrayList<>();
			while (true) {
				Socket socket = new Socket();
				try {
					socket.connect(new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort()), 200);
					connections.add(socket);
				}
				catch (SocketTimeoutException ignored) {
					socket.close();
					return new Backlog(connections);
				}
			}
		}

		@Override
		public void close() throws IOException {
			for (Socket connection : this.connections) {
				connection.close();
			}
		}

	}

}
