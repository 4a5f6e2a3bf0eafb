package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.StubInferenceService.ANSWER;
import static io.github.esteira.gateway.StubInferenceService.after;
import static io.github.esteira.gateway.StubInferenceService.breakOff;
import static io.github.esteira.gateway.StubInferenceService.hangUp;
import static io.github.esteira.gateway.StubInferenceService.json;
import static io.github.esteira.gateway.StubInferenceService.stall;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens to a request that was sent, and is therefore never sent again. */
class UpstreamFailureTest extends GatewayTest {

	private final CountDownLatch release = new CountDownLatch(1);

	@AfterEach
	void releaseStub() {
		this.release.countDown();
	}

	@Test
	void noAnswerInTime() {
		stub.will(after(this.release, json(200, ANSWER)));

		assertProblem(gateway.predict(), 504, "upstream-timeout");
		assertThat(stub.received()).hasSize(1);
	}

	@Test
	void noWholeAnswerInTime() {
		stub.will(stall(this.release));

		assertProblem(gateway.predict(), 504, "upstream-timeout");
		assertThat(stub.received()).hasSize(1);
	}

	@Test
	void connectionClosedWithoutAnswer() {
		stub.will(hangUp());

		assertProblem(gateway.predict(), 502, "upstream-broke-off");
		assertThat(stub.received()).hasSize(1);
	}

	@Test
	void answerBreaksOff() {
		stub.will(breakOff());

		assertProblem(gateway.predict(), 502, "upstream-broke-off");
		assertThat(stub.received()).hasSize(1);
	}

	@Test
	void theNextRequestIsServedAgain() {
		stub.will(hangUp());
		gateway.predict();
		stub.will(json(200, ANSWER));

		HttpResponse<String> answer = gateway.predict();

		assertThat(answer.statusCode()).isEqualTo(200);
	}

}
