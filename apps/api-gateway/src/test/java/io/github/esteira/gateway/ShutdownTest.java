package io.github.esteira.gateway;

import static io.github.esteira.gateway.StubInferenceService.ANSWER;
import static io.github.esteira.gateway.StubInferenceService.after;
import static io.github.esteira.gateway.StubInferenceService.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.Test;

class ShutdownTest {

	@Test
	void aRequestInFlightIsAnsweredAndNoNewOneIsTaken() throws InterruptedException {
		CountDownLatch release = new CountDownLatch(1);
		try (StubInferenceService stub = new StubInferenceService();
				RunningGateway gateway = RunningGateway.start(stub.baseUrl())) {
			stub.will(after(release, json(200, ANSWER)));
			CompletableFuture<HttpResponse<String>> inFlight = CompletableFuture.supplyAsync(gateway::predict);
			await().until(() -> stub.received().size() == 1);

			Thread closing = Thread.ofVirtual().start(gateway::close);
			await().until(() -> !accepts(gateway));
			assertThat(inFlight).isNotDone();
			release.countDown();

			HttpResponse<String> answer = inFlight.join();
			assertThat(answer.statusCode()).isEqualTo(200);
			assertThat(answer.body()).isEqualTo(ANSWER);
			closing.join();
		}
	}

	private static boolean accepts(RunningGateway gateway) {
		try (Socket socket = new Socket("127.0.0.1", gateway.uri("/").getPort())) {
			return socket.isConnected();
		}
		catch (IOException refused) {
			return false;
		}
	}

}
